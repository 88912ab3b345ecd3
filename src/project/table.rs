//! The inventory as a spreadsheet keeps it: CSV → the same tree that `inventory.yaml` gives, with the places of the cells.
//!
//! Columns, in any order and case: *service, cloud provider, region, AI model provider, auth method, failover plan, RTO, RPO, criticality*.
//! One row for each provider of a service, in order of preference. A provider's name is made of its AI model provider and its
//! region (`azure-openai-swedencentral`), its credential is read from the environment variable of that name
//! (`AZURE_OPENAI_SWEDENCENTRAL_KEY`). Because the tree is the same, everything that is checked in YAML is checked here.

use super::document::SourceDocument;
use super::finding::{FINDINGS_MAX, Finding};
use super::source::{SourceText, Spot};
use super::tree::{Key, Node, NodeKind};
use super::vocabulary::{listed, pick};

const COLUMNS: [&str; 9] =
    ["service", "cloud provider", "region", "ai model provider", "auth method", "failover plan", "rto", "rpo", "criticality"];
/// Those that say how much a service matters.
const WEIGHT: [&str; 3] = ["failover plan", "rto", "criticality"];

/// The most rows; above it a spreadsheet is something else than an inventory.
const ROWS_MAX: usize = 5_000;
/// The most cells in a row.
const CELLS_MAX: usize = 100;

/// Reads the text of a CSV inventory.
pub(super) fn read(source: SourceText) -> SourceDocument {
    let mut table = Table { source: &source, findings: Vec::new(), providers: Vec::new(), credentials: Vec::new(), services: Vec::new() };
    let root = table.whole();
    let findings = table.findings;
    SourceDocument { source, root, findings, ..SourceDocument::default() }
}

/// True for an inventory that a spreadsheet keeps.
pub(super) fn is_one(source: &SourceText) -> bool {
    source.path.ends_with(".csv")
}

/// The columns that say how much a service matters and that a sheet does not have.
pub(super) fn unsaid(source: &SourceText) -> Vec<&'static str> {
    let header = source.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let there: Vec<String> = header.split(',').map(|cell| spaced(cell.trim().trim_matches('"'))).collect();
    WEIGHT.into_iter().filter(|column| !there.iter().any(|cell| cell == column)).collect()
}

/// A cell's text, trimmed, and where it stands.
#[derive(Clone)]
struct InventoryCell {
    text: String,
    spot: Spot,
}

impl InventoryCell {
    fn node(&self) -> Node {
        text(&self.text, self.spot)
    }
}

/// True where a first row names at least two of the columns, whatever stands between them: then the sheet is ours, and may be quoted.
fn is_header(cells: &[InventoryCell]) -> bool {
    cells.iter().flat_map(|cell| cell.text.split(';')).filter(|name| COLUMNS.contains(&spaced(name).as_str())).count() > 1
}

fn spaced(text: &str) -> String {
    text.to_lowercase().replace(['_', '-'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The rows of a table that are about one service.
struct ServiceRows {
    name: InventoryCell,
    providers: Vec<Node>,
    /// Runbook, RTO, RPO and criticality, from the first row that tells each.
    told: [Option<InventoryCell>; 4],
}

struct Table<'a> {
    source: &'a SourceText,
    findings: Vec<Finding>,
    providers: Vec<(Key, Node)>,
    credentials: Vec<(Key, Node)>,
    services: Vec<ServiceRows>,
}

impl Table<'_> {
    fn whole(&mut self) -> Option<Node> {
        let mut rows = self.rows()?.into_iter();
        let Some(header) = rows.next() else {
            self.findings.push(Finding::of_file(
                &self.source.path,
                "this file is empty",
                format!("begin it with the columns {}", listed(COLUMNS.into_iter())),
            ));
            return None;
        };
        if !is_header(&header) {
            self.findings.push(Finding::of_file(
                &self.source.path,
                "this is no inventory, so nothing of it is shown",
                format!("begin it with the columns {}", listed(COLUMNS.into_iter())),
            ));
            return None;
        }
        let places = self.columns(&header)?;
        // The rest is not looked at where more is wrong than anybody reads.
        for row in rows {
            if self.findings.len() >= FINDINGS_MAX {
                break;
            }
            self.row(&row, header.len(), &places);
        }
        let spot = header[0].spot;
        let services = std::mem::take(&mut self.services).into_iter().map(|service| (key(&service.name), service.into_node())).collect();
        Some(map(
            vec![
                (named("version", spot), text("1", spot)),
                (named("credentials", spot), map(std::mem::take(&mut self.credentials), spot)),
                (named("providers", spot), map(std::mem::take(&mut self.providers), spot)),
                (named("services", spot), map(services, spot)),
            ],
            spot,
        ))
    }

    /// Every record as cells with their places.
    fn rows(&mut self) -> Option<Vec<Vec<InventoryCell>>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(self.source.text.as_bytes());
        let mut places = Places { text: &self.source.text, at: 0, line: 1, column: 1 };
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    self.findings.push(Finding::of_file(
                        &self.source.path,
                        format!("this is not CSV: {error}"),
                        "save the sheet as CSV with commas, in UTF-8",
                    ));
                    return None;
                }
            };
            if record.len() > CELLS_MAX {
                let message = format!("a row of this file has more than {CELLS_MAX} cells");
                self.findings.push(Finding::of_file(
                    &self.source.path,
                    message,
                    format!("keep the columns {}", listed(COLUMNS.into_iter())),
                ));
                return None;
            }
            let spots = places.record(record.len());
            let cells = record.iter().zip(spots).map(|(text, spot)| InventoryCell { text: text.trim().to_owned(), spot }).collect();
            if rows.len() > ROWS_MAX {
                self.findings.push(Finding::of_file(
                    &self.source.path,
                    format!("this file has more than {ROWS_MAX} rows"),
                    "keep one row for each provider of a service",
                ));
                return None;
            }
            rows.push(cells);
        }
        rows.retain(|cells: &Vec<InventoryCell>| cells.iter().any(|cell| !cell.text.is_empty()));
        Some(rows)
    }

    /// Which column each of [`COLUMNS`] is.
    fn columns(&mut self, header: &[InventoryCell]) -> Option<[Option<usize>; COLUMNS.len()]> {
        let mut places = [None; COLUMNS.len()];
        for (index, cell) in header.iter().enumerate().filter(|(_, cell)| !cell.text.is_empty()) {
            match COLUMNS.iter().position(|column| *column == spaced(&cell.text)) {
                Some(column) if places[column].is_some() => {
                    self.error(cell, format!("the column `{}` is there twice", cell.text), "keep one of the two");
                }
                Some(column) => places[column] = Some(index),
                None if header.len() == 1 && cell.text.contains(';') => {
                    self.error(cell, "the columns are separated by semicolons", "save the sheet as CSV with commas");
                    return None;
                }
                None => self.error(
                    cell,
                    format!("`{}` is not a column of an inventory", cell.text),
                    pick(&spaced(&cell.text), COLUMNS.into_iter()),
                ),
            }
        }
        let missing = COLUMNS.iter().zip(&places).filter(|(_, place)| place.is_none()).map(|(column, _)| *column);
        // RTO, RPO, plan and authentication may be unknown yet; without the others there is no inventory.
        let needed: Vec<&str> =
            missing.filter(|column| ["service", "region", "ai model provider", "cloud provider"].contains(column)).collect();
        if !needed.is_empty() {
            self.error(
                &header[0],
                format!("the inventory needs the column {}", listed(needed.iter().copied())),
                "add it to this first row",
            );
        }
        needed.is_empty().then_some(places)
    }

    fn row(&mut self, cells: &[InventoryCell], width: usize, places: &[Option<usize>; COLUMNS.len()]) {
        if let Some(extra) = cells.get(width..).and_then(|extra| extra.iter().find(|cell| !cell.text.is_empty())) {
            self.error(extra, "this cell has no column", "put a cell that holds a comma into quotes");
        }
        let cell = |column: usize| places[column].and_then(|place| cells.get(place)).filter(|cell| !cell.text.is_empty()).cloned();
        let mut needed = |column: usize| {
            let found = cell(column);
            if found.is_none() {
                let at = places[column].and_then(|place| cells.get(place)).unwrap_or(&cells[0]);
                self.error(at, format!("this row has no {}", COLUMNS[column]), format!("fill in the column `{}`", COLUMNS[column]));
            }
            found
        };
        let (service, cloud, region, model) = (needed(0), needed(1), needed(2), needed(3));
        let (auth, plan, rto, rpo, weight) = (cell(4), cell(5), cell(6), cell(7), cell(8));
        let plan = plan.filter(|plan| !matches!(plan.text.to_lowercase().as_str(), "none" | "-" | "n/a" | "no"));
        if let Some(plan) = &plan
            && !(plan.text.ends_with(".yaml") || plan.text.ends_with(".yml"))
        {
            self.error(
                plan,
                format!("`{}` is not the path of a runbook", plan.text),
                "write a path such as `runbooks/fail-over.yaml`, or `none`",
            );
        }
        let provider = model.as_ref().zip(region.as_ref()).map(|(model, region)| {
            let id = InventoryCell { text: slug(&format!("{} {}", model.text, region.text)), spot: model.spot };
            self.provider(&id, model, region, cloud.as_ref(), auth.as_ref());
            id
        });
        let Some(service) = service else { return };
        let service = InventoryCell { text: slug(&service.text), spot: service.spot };
        let rpo = rpo.and_then(|rpo| self.rpo(rpo));
        let plan = plan.filter(|plan| plan.text.ends_with("ml"));
        let index = self.services.iter().position(|known| known.name.text == service.text).unwrap_or_else(|| {
            self.services.push(ServiceRows { name: service.clone(), providers: Vec::new(), told: [None, None, None, None] });
            self.services.len() - 1
        });
        self.services[index].providers.extend(provider.map(|id| id.node()));
        // `Single point of failure` is how a person writes it.
        let weight = weight.map(|weight| InventoryCell { text: slug(&weight.text), ..weight });
        for (column, cell) in [plan, rto, rpo, weight].into_iter().enumerate() {
            let Some(cell) = cell else { continue };
            match &self.services[index].told[column] {
                None => self.services[index].told[column] = Some(cell),
                Some(held) if held.text != cell.text => {
                    let message = format!("`{}` says `{}` on line {} and `{}` here", service.text, held.text, held.spot.line, cell.text);
                    self.error(&cell, message, "write the same in all rows of a service, or leave the later ones empty");
                }
                Some(_) => {}
            }
        }
    }

    fn provider(
        &mut self,
        id: &InventoryCell,
        model: &InventoryCell,
        region: &InventoryCell,
        cloud: Option<&InventoryCell>,
        auth: Option<&InventoryCell>,
    ) {
        let kind = auth.and_then(|auth| {
            let kind = credential_kind(&auth.text);
            if kind.is_none() {
                self.error(auth, format!("`{}` is not a way to authenticate", auth.text), "write `API key`, `OAuth` or `signing key`");
            }
            Some((kind?, auth.spot))
        });
        let mut fields =
            vec![(named("dialect", model.spot), text(dialect(&model.text), model.spot)), (named("region", region.spot), region.node())];
        fields.extend(cloud.map(|cloud| (named("cloud", cloud.spot), cloud.node())));
        if let Some((kind, spot)) = kind {
            let name = format!("{}-key", id.text);
            fields.push((named("credential", spot), text(&name, spot)));
            if !self.credentials.iter().any(|(key, _)| key.text == name) {
                let variable = format!("env:{}", name.to_uppercase().replace(['-', '.'], "_"));
                let credential = vec![(named("kind", spot), text(kind, spot)), (named("from", spot), text(&variable, spot))];
                self.credentials.push((named(&name, spot), map(credential, spot)));
            }
        }
        match self.providers.iter().find(|(key, _)| key.text == id.text) {
            None => self.providers.push((key(id), map(fields, id.spot))),
            Some((first, known)) => {
                let told = |node: &Node| node.at(&["cloud"]).map(|node| node.kind.clone());
                let line = first.spot.line;
                if let Some(cloud) = cloud
                    && told(known) != Some(NodeKind::Text(cloud.text.clone()))
                {
                    self.error(
                        cloud,
                        format!("`{}` stands in another cloud on line {line}", id.text),
                        "give the same provider the same cloud in all rows",
                    );
                }
            }
        }
    }

    /// `1%` or `20 requests`, as the objectives' reader takes it.
    fn rpo(&mut self, cell: InventoryCell) -> Option<InventoryCell> {
        let count = cell.text.strip_suffix("requests").or_else(|| cell.text.strip_suffix("request")).map(str::trim);
        match count {
            Some(count) => Some(InventoryCell { text: count.to_owned(), spot: cell.spot }),
            None if cell.text.parse::<u64>().is_ok() => {
                self.error(
                    &cell,
                    format!("`{}` has no unit", cell.text),
                    format!("write `{} requests`, or a share such as `1%`", cell.text),
                );
                None
            }
            None => Some(cell),
        }
    }

    fn error(&mut self, cell: &InventoryCell, message: impl AsRef<str>, hint: impl AsRef<str>) {
        self.findings.push(self.source.error(cell.spot, message, hint));
    }
}

impl ServiceRows {
    fn into_node(self) -> Node {
        let spot = self.name.spot;
        let [runbook, rto, rpo, weight] = self.told;
        let mut objectives = Vec::new();
        objectives.extend(rto.map(|rto| (named("rto", rto.spot), rto.node())));
        let lost = |rpo: &InventoryCell| map(vec![(named("requests_lost", rpo.spot), rpo.node())], rpo.spot);
        objectives.extend(rpo.map(|rpo| (named("rpo", rpo.spot), lost(&rpo))));
        let mut fields = vec![(named("providers", spot), Node { kind: NodeKind::List(self.providers), spot })];
        fields.extend(runbook.map(|path| (named("runbook", path.spot), path.node())));
        fields.extend(weight.map(|weight| (named("criticality", weight.spot), weight.node())));
        fields.push((named("objectives", spot), map(objectives, spot)));
        map(fields, spot)
    }
}

fn key(cell: &InventoryCell) -> Key {
    named(&cell.text, cell.spot)
}

fn named(text: &str, spot: Spot) -> Key {
    Key { text: text.to_owned(), spot }
}

fn text(text: &str, spot: Spot) -> Node {
    Node { kind: NodeKind::Text(text.to_owned()), spot }
}

fn map(entries: Vec<(Key, Node)>, spot: Spot) -> Node {
    Node { kind: NodeKind::Map(entries), spot }
}

fn slug(text: &str) -> String {
    let dashed: String =
        text.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' || c == '_' { c } else { '-' }).collect();
    dashed.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

fn dialect(model_provider: &str) -> &'static str {
    let name = model_provider.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match () {
        () if has(&["azure"]) => "azure-openai",
        () if has(&["openai"]) => "openai",
        () if has(&["bedrock"]) => "bedrock",
        () if has(&["vertex", "gemini"]) => "vertex",
        () if has(&["anthropic", "claude"]) => "anthropic",
        () => "http",
    }
}

fn credential_kind(auth_method: &str) -> Option<&'static str> {
    let name = auth_method.to_lowercase().replace(['-', '_'], " ");
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match () {
        () if has(&["api key", "apikey", "static key"]) => Some("api-key"),
        () if has(&["oauth", "token", "entra", "oidc"]) => Some("oauth-token"),
        () if has(&["sign", "sigv4", "iam"]) => Some("signing-key"),
        () => None,
    }
}

/// Walks over the text beside the CSV reader, which tells cells but not their columns.
struct Places<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    column: usize,
}

impl Places<'_> {
    /// The places of the next record's cells.
    fn record(&mut self, cells: usize) -> Vec<Spot> {
        // The reader skips empty lines.
        while self.peek().is_some_and(|byte| byte == b'\n' || byte == b'\r') {
            self.step();
        }
        let mut spots = Vec::with_capacity(cells);
        for index in 0..cells {
            let (line, column, offset) = (self.line, self.column, self.at);
            self.cell();
            let length = self.text[offset..self.at].chars().take_while(|c| *c != '\n' && *c != '\r').count().max(1);
            spots.push(Spot { line, column, length, offset });
            if index + 1 < cells {
                self.step();
            }
        }
        spots
    }

    /// Moves to the comma or the end of line behind a cell.
    fn cell(&mut self) {
        let mut quoted = self.peek() == Some(b'"');
        if quoted {
            self.step();
        }
        while let Some(byte) = self.peek() {
            match byte {
                b'"' if quoted => {
                    self.step();
                    // Two quotes are one quote within the cell.
                    quoted = self.peek() == Some(b'"');
                    if quoted {
                        self.step();
                    }
                }
                b',' | b'\n' | b'\r' if !quoted => return,
                _ => self.step(),
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        let Some(character) = self.text[self.at..].chars().next() else { return };
        self.at += character.len_utf8();
        self.column += 1;
        if character == '\n' {
            self.line += 1;
            self.column = 1;
        }
    }
}
