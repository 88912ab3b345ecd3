//! What a provider's contract says, and when its models are retired:
//!
//! ```yaml
//! providers:
//!   azure-swedencentral:
//!     contract:
//!       ends: 2027-03-31
//!       notice: 90d
//!       exit_clause: 30 days after a change of price
//!       licence: enterprise agreement 7
//!       price: list less 12 %
//!       revocable_by: provider
//!       data_export: tuned models and files, by the API
//!       contacts: [platform-oncall]
//!     retires: {gpt-4o: 2027-06-06}
//! ```

use super::document::SourceDocument;
use super::finding::Finding;
use super::inventory::unknown;
use super::reader::TreeReader;
use super::tree::Node;
use super::vocabulary;
use crate::model::{Contract, DataExport, Inventory, RevocableBy};
use crate::units::{Day, Duration};
use std::collections::BTreeMap;

/// Reads it.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<Box<Contract>> {
    let fields = reader.fields(node, "a contract")?;
    fields.looks_like("{ends: 2027-03-31, notice: 90d, exit_clause: …}");
    let words = |name| fields.optional(name, &|reader, node| reader.words(node));
    let contract = Contract {
        ends: fields.optional("ends", &|reader, node| reader.quantity::<Day>(node)),
        notice: fields.optional("notice", &|reader, node| reader.quantity::<Duration>(node)),
        exit_clause: words("exit_clause"),
        licence: words("licence"),
        price: words("price"),
        revocable_by: fields.optional("revocable_by", &|reader, node| reader.word(node, RevocableBy::WORDS, RevocableBy::from_word)),
        data_export: fields.optional("data_export", &data_export),
        contacts: fields.optional("contacts", &|reader, node| reader.list(node, &|reader, node| reader.name(node))).unwrap_or_default(),
    };
    if let (Some((key, _)), true) = (fields.raw("notice"), fields.has_none(&["ends"])) {
        reader.error(key.spot, "nobody can tell by when notice is to be given", "add `ends: 2027-03-31`, the contract's last day");
    }
    if contract == Contract::default() {
        reader.error(node.spot, "this says nothing of a contract", "write at least `{ends: 2027-03-31}` or `{exit_clause: …}`");
    }
    fields.finish();
    Some(Box::new(contract))
}

fn data_export(reader: &TreeReader<'_>, node: &Node) -> Option<DataExport> {
    let text = reader.words(node)?;
    Some(match vocabulary::truth(&text) {
        Some(true) => DataExport::Possible,
        Some(false) => DataExport::Impossible,
        None => DataExport::By(text),
    })
}

/// The last days of models, by the provider's identifiers, which are no names of ours.
pub(super) fn retires(reader: &TreeReader<'_>, node: &Node) -> Option<BTreeMap<String, Day>> {
    reader.keyed(node, "a map from models to their last days", &|reader, node| reader.quantity::<Day>(node))
}

/// Contacts that contracts name and the inventory does not declare.
pub(super) fn names(document: &SourceDocument, inventory: &Inventory) -> Vec<Finding> {
    let contracts = inventory.providers.iter().filter_map(|(id, provider)| Some((id, provider.contract.as_ref()?)));
    let each = contracts.flat_map(|(id, contract)| contract.contacts.iter().enumerate().map(move |(place, name)| (id, place, name)));
    each.filter_map(|(id, place, name)| {
        let path = ["providers", id, "contract", "contacts", &place.to_string()];
        unknown(document, &path, name, "a contact", &inventory.contacts)
    })
    .collect()
}
