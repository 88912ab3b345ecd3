//! A credential's rotation in tables: when what happened and who says so, what each replica did, what was promised and kept.
//!
//! Keys appear as fingerprints. What this file does not do: find the words for what was seen of a promise (`credential`).

use crate::history::SETTLED;
use crate::report::model::{Block, Paragraph, Quantity, ReportTable, Section, SectionKind, TableCell, TableRow, Text};
use crate::report::words::credential::{answer, named, said, shown};
use crate::report::words::wording::{at_most, capital, span};
use crate::verdict::{Criterion, Interval, Moments, Replica, Rotated, Verdict};

/// A section about each rotation.
pub(in crate::report) fn sections(verdict: &Verdict) -> Vec<Section> {
    verdict.rotations.iter().map(|rotated| section(rotated, verdict)).collect()
}

fn section(rotated: &Rotated, verdict: &Verdict) -> Section {
    let (provider, credential) = (Text::outside(&rotated.provider), Text::outside(&rotated.credential));
    let whose = if provider == credential { provider } else { credential.then(", for ").then(provider) };
    let mut blocks: Vec<Block> = vec![timeline(rotated).into()];
    if let Some((stored, new)) = rotated.stored.zip(rotated.new).filter(|(stored, new)| stored != new) {
        blocks.push(Paragraph::key(format!("The store holds {stored}, which is not the key that was created ({new}).")).into());
    }
    if !rotated.replicas.is_empty() {
        let explained = "Requests to the provider by the key that they carried, from each replica of the gateway; times are after T0.";
        blocks.extend([Paragraph::plain(explained).into(), Block::Table(replicas(rotated))]);
    }
    if !rotated.criteria.is_empty() {
        blocks.push(criteria(rotated, verdict).into());
    }
    blocks.extend([Paragraph::plain("What this does not claim:").into(), Block::List(limits(rotated))]);
    let section = Section::new(SectionKind::Credential, Text::own("The credential: ").then(whose));
    Section { about: Some(rotated.credential.clone()), blocks, ..section }
}

/// A moment that may not have been seen.
fn moment(interval: Option<Interval>) -> TableCell {
    TableCell::of(shown(interval), interval.map(Quantity::from))
}

fn timeline(rotated: &Rotated) -> ReportTable {
    let (old, new) = (named(rotated.old, "not known"), named(rotated.new, "never created"));
    let Moments { t0, t1, t2, t3, t4, t5, t6, revoked } = rotated.moments;
    let proxy = Text::own("the proxy in front of ").then(Text::outside(&rotated.provider));
    let began = if rotated.planned { "the planned rotation begins".to_owned() } else { format!("the old key ({old}) is revoked") };
    let confirmed = if rotated.planned { "Lifeboat" } else { "the issuer, checked" };
    let store = rotated.store.as_ref().map_or_else(|| "the store, read again".into(), |place| Text::outside(place).then(", read again"));
    let moments = [
        ("T0", began, t0, confirmed.into()),
        ("T1", "the provider refuses the old key for the first time".to_owned(), t1, proxy.clone()),
        ("T2", format!("a new key ({new}) is created"), t2, "the issuer's answer".into()),
        ("T3", "the store holds the new key".to_owned(), t3, store),
        ("T4", "first request with the new key".to_owned(), t4, proxy.clone()),
        ("T5", "last request with the old key".to_owned(), t5, proxy.clone()),
        ("T6", "every replica uses the new key".to_owned(), t6, proxy),
    ];
    let row = |(name, what, when, from): (&str, String, Option<Interval>, Text)| TableRow {
        key: Some(name.to_owned()),
        ..TableRow::of([name.into(), what.into(), moment(when), from.into()])
    };
    let mut rows: Vec<TableRow> = moments.into_iter().map(row).collect();
    if rotated.planned {
        let what = format!("the old key ({old}) is revoked");
        rows.push(TableRow::of([TableCell::BLANK, what.into(), moment(revoked), "the issuer's answer".into()]));
    }
    for (which, asked) in [("new", rotated.new_asked), ("old", rotated.old_asked)] {
        if let Some(asked) = asked {
            let what = format!("Lifeboat tries the {which} key: {}", answer(asked));
            rows.push(TableRow::of([TableCell::BLANK, what.into(), moment(Some(asked.at)), "the provider, asked directly".into()]));
        }
    }
    ReportTable { columns: vec!["moment", "what", "time after T0", "known from"], rows }
}

fn replicas(rotated: &Rotated) -> ReportTable {
    let columns = vec![
        "replica",
        "last with the old key",
        "refused with it",
        "answered with it too late",
        "first with the new key",
        "first answered with it",
        "on the new key from",
        "requests since then",
        "with other keys",
    ];
    ReportTable { columns, rows: rotated.replicas.iter().map(one_replica).collect() }
}

fn one_replica(replica: &Replica) -> TableRow {
    // These stand as they are: a comma would be new.
    let count = |count: u64| TableCell::of(count.to_string(), Some(Quantity::Count(count)));
    let last_old = match replica.last_old {
        None => "never".into(),
        Some(last) if last.hi == Some(0) => TableCell::of("before T0", Some(last.into())),
        Some(last) => moment(Some(last)),
    };
    let settled = replica.since == SETTLED as u64;
    let since =
        if settled { TableCell::of(format!("{SETTLED} or more"), Some(Quantity::Count(replica.since))) } else { count(replica.since) };
    TableRow::of([
        replica.replica.map_or_else(|| "none of them".to_owned(), |number| number.to_string()).into(),
        last_old,
        count(replica.refused),
        count(replica.answered_late),
        moment(replica.first_new),
        moment(replica.first_answered),
        if replica.replica.is_some() { moment(replica.moved) } else { "".into() },
        since,
        count(replica.other),
    ])
}

fn criteria(rotated: &Rotated, verdict: &Verdict) -> ReportTable {
    let rows = rotated.criteria.iter().map(|judgement| {
        let (meaning, declared) = promised(judgement.name, rotated, verdict);
        let seen = capital(&said(rotated, judgement, verdict.terms.rotation));
        let name = judgement.name.to_string();
        let cells = vec![name.as_str().into(), meaning.into(), declared.into(), seen.into(), judgement.verdict.to_string().into()];
        TableRow { key: Some(name), status: Some(judgement.verdict.into()), cells }
    });
    ReportTable { columns: vec!["objective", "meaning", "promised", "measured", "verdict"], rows: rows.collect() }
}

/// What a criterion promises, and the limit that was declared.
fn promised(name: Criterion, rotated: &Rotated, verdict: &Verdict) -> (&'static str, String) {
    let propagation = span(rotated.propagation);
    match name {
        Criterion::NewKeyAccepted => ("The provider accepts the new key", "when asked directly at the end".to_owned()),
        Criterion::OldKeyRefused => {
            ("The old key is dead: the provider refuses it, and answers no request with it", format!("{propagation} after its revocation"))
        }
        Criterion::OldKeyUnused => ("No replica uses the old key any more", format!("{SETTLED} requests of each replica without it")),
        Criterion::ClientErrors => (
            "Clients lose no more requests than agreed",
            rotated.client_errors.limit.map_or_else(String::new, |limit| format!("{} lost", at_most(limit))),
        ),
        Criterion::Rotation => ("Every replica uses the new key in time", format!("within {}", span(verdict.terms.rotation))),
        Criterion::Fallback => ("Another provider answers in the meantime", "at least once".to_owned()),
        Criterion::PrimaryResumed => (
            "The primary serves again with its new key, and goes on",
            verdict.terms.failback.map_or_else(|| "before the drill ends".to_owned(), |limit| format!("within {} of T6", span(limit))),
        ),
        Criterion::TokensReminted => ("Tokens made from the old key are dead and replaced", format!("{propagation} after its revocation")),
    }
}

fn limits(rotated: &Rotated) -> Vec<Text> {
    let tried = format!(
        "The old key was tried at one location, and no sooner than {} after its revocation. Issuers with many locations may take longer until all of them refuse it: some say 15 minutes.",
        span(rotated.propagation)
    );
    let tokens = "No token was seen being made from these keys. Where a gateway makes some, they may outlive the key by an hour.";
    let tokens = rotated.of(Criterion::TokensReminted).is_none().then(|| tokens.into());
    let rest = [
        "Only requests that go through the proxy are seen. Those that bypass it may use either key.",
        "A replica that sent no request has shown nothing: T6 is when the last of them was seen with the new key.",
    ];
    [tried.into()].into_iter().chain(tokens).chain(rest.map(Text::from)).collect()
}
