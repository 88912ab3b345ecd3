//! A candidate: a provider that can be asked, and what it costs.

use crate::asking::AskedProvider;
use crate::evaluation::CandidateFacts;
use crate::model::{Price, Provider};
use crate::price::list_price;
use std::time::SystemTime;

/// Who is asked.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Where, and with which key.
    pub asked: AskedProvider,
    /// What a million tokens cost; `None` where nobody knows.
    pub price: Option<Price>,
    /// What is told of it.
    pub facts: CandidateFacts,
}

impl Candidate {
    /// Of a provider of the inventory, at its stated price or the list price of that day.
    pub fn new(asked: AskedProvider, provider: &Provider, day: SystemTime) -> Self {
        let stated = provider.price.clone().map(|price| Price { source: "the inventory".into(), ..price });
        let price = stated.or_else(|| list_price(provider.dialect, &asked.model, day));
        let facts = CandidateFacts {
            name: asked.name.clone(),
            dialect: asked.dialect.word().to_owned(),
            model: asked.model.clone(),
            region: provider.region.clone(),
            input_price: None,
            output_price: None,
            price_source: None,
        };
        Self { facts: facts.priced(price.as_ref()), asked, price }
    }

    /// Whether it listens on this host, so that nobody sends a bill.
    pub fn is_local(&self) -> bool {
        let host = self.asked.base_url.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
        host == "localhost" || host == "::1" || host.starts_with("127.")
    }
}
