//! What traffic may cost, counted while it runs.
//!
//! A request is sent only where everything that is on its way could still be paid for. While it is on its way it is charged as if each
//! provider that it can reach were asked once. Then what the proxies saw of it counts: every attempt that a provider answered or broke off,
//! at that provider's price, as providers bill them. Where they saw none, which is so wherever the service goes past them, it stays charged
//! at the dearest price of what it can reach, or at that price for the tokens that its own answer reports. What was never sent is given back.
//! So a ceiling holds even where no proxy watches.
//!
//! A workload that was thought to ask no model, a GET, costs what the proxies see that it asks, at the price of a short chat each time. From then
//! on as much is kept back for each that is on its way. What a gateway asks for it has no mark, as a rule: so it also pays for what a proxy of
//! the drill's own sees without one.
//!
//! All workloads of a drill share one budget; each has prices of its own, because its requests may be longer than those of another. Where an
//! answer reports more tokens than a request can have, the traffic was misjudged: from then on every request of it is charged as much.
//!
//! What this file does not do: know what a request can cost (`price` does), or bound what a gateway asks beyond once of each provider; that is
//! counted as soon as it is seen.

use crate::dialect::request_tokens;
use crate::history::workload_of;
use crate::model::{Expect, Price, Tokens};
use crate::units::{Money, Problem, explained};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Set in the identifiers of requests that warm a service up: they are beside the drill's, and cost as much as those of its first workload.
pub const WARMING: u64 = 1 << 63;

/// The prices of one workload's requests: what each provider charges, and the most tokens of a request.
#[derive(Debug, Clone, Default)]
pub struct Prices {
    /// Every provider's whose price is known, by name.
    pub known: BTreeMap<String, Price>,
    /// The providers that its service can ask.
    pub reached: Vec<String>,
    /// The most tokens that it can have.
    pub most: Tokens,
}

/// The cost of a request, by how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// It was never sent.
    Nothing,
    /// It was answered, or given up. The tokens are those that its answer reports, where it does.
    Something(Option<Tokens>),
    /// The service refused it, so whatever it asked has ended.
    Refused,
}

/// The budget of a drill's traffic: what may be spent, and what is charged so far. No request is sent that could exceed it.
#[derive(Debug)]
pub struct Budget {
    /// The lower one of the environment's and the scenario's.
    ceiling: Option<Money>,
    /// Whose that is.
    whose: CeilingOwner,
    /// True once the scenario's own ceiling let nothing more be sent.
    by_guard: AtomicBool,
    most_requests: Option<u64>,
    accounts: Mutex<Accounts>,
    empty: watch::Sender<Option<String>>,
}

/// Who set a ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CeilingOwner {
    /// `max_spend` of the environment.
    Environment,
    /// A guard of the scenario, `spend_above`.
    Guard,
}

/// The accounts of all workloads, and their sums.
#[derive(Debug)]
struct Accounts {
    each: Vec<Account>,
    /// Requests that were sent.
    sent: u64,
    /// What is charged for all of them, in billionths of a dollar.
    charged: u64,
}

/// The account of one workload: its prices, and its requests whose costs may still change.
#[derive(Debug)]
struct Account {
    prices: Prices,
    /// At the dearest provider that can be reached, in billionths of a dollar.
    dearest: u64,
    /// At each of them once.
    round: u64,
    /// Requests whose costs may still change.
    open: HashMap<u64, RequestCharge>,
    /// Those that are sent by somebody who does not ask before: so many may be on their way.
    standing: u64,
    /// It was thought to ask no model: what no proxy sees costs nothing.
    is_free: bool,
}

/// The charge of one request, as far as its attempts were seen.
#[derive(Debug, Clone, Copy, Default)]
struct RequestCharge {
    /// True once it is known to be sent: attempts may be seen before.
    begun: bool,
    ended: Option<Spent>,
    /// What its attempts cost, as far as they were seen.
    billed: u64,
    /// Whether any attempt was seen, and whether one was answered whole.
    seen: bool,
    whole: bool,
}

impl Account {
    fn new(prices: Prices) -> Self {
        let is_free = prices.most == Tokens::default();
        let mut account = Self { prices, dearest: 0, round: 0, open: HashMap::new(), standing: 0, is_free };
        account.price();
        account
    }

    /// Works out what the most tokens cost.
    fn price(&mut self) {
        let reached: Vec<u64> = self.prices.reached.iter().map(|name| self.at(name, self.prices.most)).collect();
        self.dearest = reached.iter().copied().max().unwrap_or(0);
        self.round = reached.into_iter().fold(0, u64::saturating_add);
    }

    fn at(&self, provider: &str, tokens: Tokens) -> u64 {
        self.prices.known.get(provider).map_or(0, |price| price.of(tokens.input, tokens.output).as_nanos())
    }

    fn at_dearest(&self, tokens: Tokens) -> u64 {
        self.prices.reached.iter().map(|name| self.at(name, tokens)).max().unwrap_or(0)
    }

    /// What a request is charged.
    fn charge(&self, request: &RequestCharge) -> u64 {
        let RequestCharge { begun, ended, billed, seen, whole } = *request;
        match ended {
            _ if !begun => billed,
            None if whole => self.round.max(billed),
            None => self.round.max(billed.saturating_add(self.dearest)),
            Some(Spent::Nothing) => billed,
            Some(Spent::Refused) if seen => billed,
            Some(_) if whole || self.is_free => billed,
            Some(Spent::Something(Some(tokens))) => billed.max(self.at_dearest(tokens)),
            Some(_) => billed.max(self.dearest),
        }
    }

    /// What all of what is open is charged, and what may be on its way beside that.
    fn all(&self) -> u64 {
        let open = self.open.values().map(|request| self.charge(request));
        open.fold(self.standing.saturating_mul(self.round), u64::saturating_add)
    }
}

impl Accounts {
    /// Changes what is known of a request. One whose costs are known is forgotten.
    fn change(&mut self, id: u64, change: impl FnOnce(&mut RequestCharge)) {
        let Some(account) = self.each.get_mut(workload_of(id & !WARMING)) else { return };
        let mut request = account.open.get(&id).copied().unwrap_or_default();
        let before = account.charge(&request);
        change(&mut request);
        let after = account.charge(&request);
        // The price of a request of which nothing can be billed does not change either.
        let is_known = request.begun
            && request.ended.is_some_and(|ended| ended == Spent::Nothing || request.whole || account.is_free || account.round == 0);
        if is_known {
            account.open.remove(&id);
        } else {
            account.open.insert(id, request);
        }
        self.charged = self.charged.saturating_sub(before).saturating_add(after);
    }

    /// Learns from an answer that requests of a workload have more tokens than was thought; then what it costs at the least, else 0.
    fn learn(&mut self, workload: usize, tokens: Tokens) -> u64 {
        let Some(account) = self.each.get_mut(workload) else { return 0 };
        let most = account.prices.most;
        if tokens.input <= most.input && tokens.output <= most.output {
            return 0;
        }
        let before = account.all();
        account.prices.most = Tokens { input: most.input.max(tokens.input), output: most.output.max(tokens.output) };
        account.price();
        let after = account.all();
        let least = account.at_dearest(tokens);
        self.charged = self.charged.saturating_sub(before).saturating_add(after);
        least
    }

    /// A proxy saw that a workload asks a model. Where it was thought not to, its requests are short chats from then on.
    fn unmask(&mut self, workload: usize) {
        if self.each.get(workload).is_some_and(|account| account.is_free) {
            let (input, output) = request_tokens(&Expect::default());
            self.learn(workload, Tokens { input, output });
        }
    }

    /// Whether one more request of a workload could be paid for.
    fn affords(&self, workload: usize, ceiling: Money) -> bool {
        let one = self.each.get(workload).map_or(0, |account| account.round);
        self.charged.saturating_add(one) <= ceiling.as_nanos()
    }
}

impl Budget {
    /// At most this much money and so many requests. `prices` are those of each workload's requests.
    pub fn new(ceiling: Option<Money>, most_requests: Option<u64>, prices: Vec<Prices>) -> Self {
        let accounts = Accounts { each: prices.into_iter().map(Account::new).collect(), sent: 0, charged: 0 };
        let (whose, by_guard, empty) = (CeilingOwner::Environment, AtomicBool::new(false), watch::Sender::new(None));
        Self { ceiling, whose, by_guard, most_requests, accounts: Mutex::new(accounts), empty }
    }

    /// The same under a ceiling of the scenario's own as well, where it has one: the lower one counts.
    #[must_use]
    pub fn guarded(self, most: Option<Money>) -> Self {
        match most {
            Some(most) if self.ceiling.is_none_or(|ceiling| most < ceiling) => {
                Self { ceiling: Some(most), whose: CeilingOwner::Guard, ..self }
            }
            _ => self,
        }
    }

    /// True where it was a guard of the scenario that let nothing more be sent.
    pub fn is_guarded_out(&self) -> bool {
        self.by_guard.load(Ordering::Relaxed)
    }

    /// Who set the ceiling that counts, and what to do where it is too low.
    const fn owner(&self) -> (&'static str, &'static str) {
        match self.whose {
            CeilingOwner::Environment => ("the environment allows", "write a higher `max_spend` to its `allow:`, or send less"),
            CeilingOwner::Guard => {
                ("`spend_above` of the scenario allows", "write a higher `spend_above:` to its `abort_when:`, or send less")
            }
        }
    }

    fn tell_spent(&self, problem: &Problem) -> bool {
        self.by_guard.store(self.whose == CeilingOwner::Guard && self.empty.borrow().is_none(), Ordering::Relaxed);
        self.tell(problem)
    }

    fn accounts(&self) -> MutexGuard<'_, Accounts> {
        // Nothing that holds it can panic.
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    const fn is_limited(&self) -> bool {
        self.ceiling.is_some() || self.most_requests.is_some()
    }

    /// Whether the request of this identifier may be sent; it counts from then on. Where it may not, [`Budget::emptied`] tells.
    pub fn begin(&self, id: u64) -> bool {
        if !self.is_limited() {
            return true;
        }
        let mut accounts = self.accounts();
        if let Some(most) = self.most_requests.filter(|most| accounts.sent >= *most) {
            let spent = Problem::new(format!("{most} requests were sent, and the environment allows no more"));
            return self.tell(&spent.hint("write a higher `max_requests` to its `allow:`, or send less"));
        }
        let begun = self.pay(&mut accounts, id);
        accounts.sent += u64::from(begun);
        begun
    }

    /// The same for one that is no part of the traffic: it costs as much, and `most_requests` does not count it.
    pub fn begin_beside(&self, id: u64) -> bool {
        self.pay(&mut self.accounts(), id)
    }

    /// Charges what a request can cost, where it can be paid for.
    fn pay(&self, accounts: &mut Accounts, id: u64) -> bool {
        if let Some(ceiling) = self.ceiling.filter(|ceiling| !accounts.affords(workload_of(id & !WARMING), *ceiling)) {
            let charged = Money::from_nanos(accounts.charged);
            let (owner, hint) = self.owner();
            let spent = format!("{charged} may have been spent, and one more request could exceed the {ceiling} that {owner}");
            return self.tell_spent(&Problem::new(spent).hint(hint));
        }
        if self.ceiling.is_some() {
            accounts.change(id, |request| request.begun = true);
        }
        true
    }

    /// A request has ended.
    pub fn end(&self, id: u64, spent: Spent) {
        if self.ceiling.is_none() {
            return;
        }
        let mut accounts = self.accounts();
        let Spent::Something(Some(tokens)) = spent else { return accounts.change(id, |request| request.ended = Some(spent)) };
        // Of one that has more tokens than it can, the proxies' sight told too little.
        let least = accounts.learn(workload_of(id & !WARMING), tokens);
        accounts.change(id, |request| (request.ended, request.billed) = (Some(spent), request.billed.max(least)));
    }

    /// A proxy saw an attempt of a request, which costs something where it is `billed`, and was answered to its end where it is `whole`.
    pub fn saw(&self, id: u64, provider: &str, billed: bool, whole: bool) {
        if self.ceiling.is_none() {
            return;
        }
        let mut accounts = self.accounts();
        let workload = workload_of(id & !WARMING);
        if billed {
            accounts.unmask(workload);
        }
        let price = accounts.each.get(workload).map_or(0, |account| account.at(provider, account.prices.most));
        accounts.change(id, |request| {
            request.seen = true;
            request.whole |= billed && whole;
            request.billed = request.billed.saturating_add(if billed { price } else { 0 });
        });
    }

    /// A proxy of the drill's own saw a billed attempt that has no mark. A workload that was thought to ask no model pays for it, where one
    /// reaches that provider: all others' requests carry marks, and what is asked for somebody else is not the drill's.
    pub fn saw_nameless(&self, provider: &str) {
        if self.ceiling.is_none() {
            return;
        }
        let mut accounts = self.accounts();
        let reaches = |account: &Account| account.is_free && account.prices.reached.iter().any(|name| name == provider);
        let Some(workload) = accounts.each.iter().position(reaches) else { return };
        accounts.unmask(workload);
        let price = accounts.each.get(workload).map_or(0, |account| account.at(provider, account.prices.most));
        accounts.charged = accounts.charged.saturating_add(price);
    }

    /// Of a workload that does not ask before it sends, so many requests may be on their way.
    pub fn stands(&self, workload: usize, on_the_way: u64) {
        let mut accounts = self.accounts();
        let Some(account) = accounts.each.get_mut(workload) else { return };
        account.standing = on_the_way;
        let more = account.round.saturating_mul(on_the_way);
        accounts.charged = accounts.charged.saturating_add(more);
    }

    /// A request of such a workload was sent and has ended. Where the next could not be paid for, [`Budget::emptied`] tells.
    pub fn sent(&self, id: u64, spent: Spent) {
        if !self.is_limited() {
            return;
        }
        let mut accounts = self.accounts();
        accounts.sent += 1;
        accounts.change(id, |request| (request.begun, request.ended) = (true, Some(spent)));
        if let Some(most) = self.most_requests.filter(|most| accounts.sent > *most) {
            self.tell(&Problem::new(format!("more than {most} requests were sent, and the environment allows no more")));
        } else if let Some(ceiling) = self.ceiling.filter(|ceiling| !accounts.affords(workload_of(id), *ceiling)) {
            let charged = Money::from_nanos(accounts.charged);
            let spent = format!("{charged} may have been spent, with what is in flight, and {} {ceiling}", self.owner().0);
            self.tell_spent(&Problem::new(spent));
        }
    }

    /// Charged so far: what was spent is no more.
    pub fn charged(&self) -> Money {
        Money::from_nanos(self.accounts().charged)
    }

    /// Told why once nothing more can be sent.
    pub fn emptied(&self) -> watch::Receiver<Option<String>> {
        self.empty.subscribe()
    }

    fn tell(&self, problem: &Problem) -> bool {
        self.empty.send_if_modified(|empty| {
            let first = empty.is_none();
            if first {
                *empty = Some(explained(problem));
            }
            first
        });
        false
    }
}

#[cfg(test)]
mod tests;
