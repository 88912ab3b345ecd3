//! The thread that drives all its requests over HTTP/1.1 by itself: it owns their sockets, and one look at the poller serves whatever has
//! become ready. No task, timer, lock or channel belongs to a request.
//!
//! Requests lie in places that are used again, and so do connections. What waits for a moment stands in a line of its kind: deadlines, levels,
//! timeouts of parts. Records are gathered for as long as a turn takes and handed to the journal together.
//!
//! What this file does not do: say when a request is due and on which thread it runs (`evented` does), or what its answer is worth
//! (`http_exchange`). TLS, HTTP/2 and whatever else is rare runs on hyper (`worker`).

use super::Client;
use super::client::LINGER;
use super::http_connection::{ConnectionState, HttpConnection, SocketRead};
use super::http_exchange::{ExchangeFate, Fed, HttpExchange, linger};
use super::http_replica::{HttpReplica, IdleConnection};
use super::loop_inbox::LoopInbox;
use super::openings::MOMENT;
use super::paced_schedule::InFlight;
use super::poller::{Poller, Readiness};
use super::progress::RequestResult;
use super::request_waits::{ExchangePart, RequestWaits};
use super::run_context::RunContext;
use super::word;
use crate::dialect::ClientRequest;
use crate::history::{Event, Outcome, Overdue, RequestDone, Turns, workload_of};
use crate::journal::Clock;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

/// Bytes that are read at once.
const PIECE: usize = 1 << 16;
/// A connection is read so often before others have their turn.
const READS: usize = 16;
/// How often idle connections are looked through.
const SWEEP: u64 = 1_000_000_000;

/// The requests, connections and waits of one thread.
pub(super) struct EventLoop {
    context: RunContext,
    clock: Clock,
    in_flight: Arc<InFlight>,
    lookups: tokio::runtime::Handle,
    inbox: Arc<LoopInbox>,
    poller: Poller,
    replicas: Vec<HttpReplica>,
    turns: Turns,
    /// Whatever is asked, with the mark of the request that was last.
    asked: ClientRequest,
    exchanges: Vec<Option<HttpExchange>>,
    free_exchanges: Vec<u32>,
    connections: Vec<HttpConnection>,
    free_connections: Vec<u32>,
    waits: RequestWaits,
    /// Connections of which there is more to read.
    unread: Vec<(u32, u32)>,
    swept: u64,
    pub(super) records: Vec<Event>,
    /// How many of `records` are ends of requests.
    ended: usize,
    piece: Vec<u8>,
    written: Vec<u8>,
}

impl EventLoop {
    /// `None` where something of the client is left to hyper.
    ///
    /// # Errors
    /// Where the operating system gives no poller.
    pub(super) fn new(
        client: &Client,
        asked: ClientRequest,
        context: &RunContext,
        in_flight: &Arc<InFlight>,
    ) -> std::io::Result<Option<Self>> {
        let connectors = client.connectors();
        let Some(replicas) = connectors.iter().map(|connector| HttpReplica::of(connector)).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        let Ok(lookups) = tokio::runtime::Handle::try_current() else { return Ok(None) };
        let poller = Poller::new()?;
        let inbox = LoopInbox::new(poller.waker());
        let settings = &connectors[0].settings;
        let waits = RequestWaits::new(context.deadline, &context.levels, settings.wire.timeouts);
        let clock = context.recorder.clock();
        Ok(Some(Self {
            clock,
            in_flight: in_flight.clone(),
            lookups,
            inbox: Arc::new(inbox),
            poller,
            turns: Turns::drawn(settings.seed, Turns::REPLICAS, replicas.len()),
            replicas,
            asked,
            exchanges: Vec::new(),
            free_exchanges: Vec::new(),
            connections: Vec::new(),
            free_connections: Vec::new(),
            waits,
            unread: Vec::new(),
            swept: clock.now(),
            records: Vec::new(),
            ended: 0,
            piece: vec![0; PIECE],
            written: Vec::new(),
            context: context.clone(),
        }))
    }

    pub(super) fn inbox(&self) -> Arc<LoopInbox> {
        self.inbox.clone()
    }

    /// True where nothing is on its way and nothing is left to be recorded.
    pub(super) fn is_idle(&self) -> bool {
        self.free_exchanges.len() == self.exchanges.len() && self.records.is_empty() && self.inbox.is_empty()
    }

    /// True where the rest of a body is passed over on some connection, which is free for the next request after it.
    #[cfg(test)]
    pub(super) fn is_lingering(&self) -> bool {
        self.connections.iter().any(|own| matches!(own.state, ConnectionState::Lingering(_)))
    }

    pub(super) const fn clock(&self) -> Clock {
        self.clock
    }

    /// A request is due.
    pub(super) fn take(&mut self, id: u64, due: u64, now: u64) {
        let replica = if self.replicas.len() > 1 { self.turns.of(id) } else { 0 };
        let exchange = HttpExchange::new(id, due, due + self.context.deadline.as_nanos(), replica);
        let place = match self.free_exchanges.pop() {
            Some(place) => place,
            None => {
                self.exchanges.push(None);
                (self.exchanges.len() - 1) as u32
            }
        };
        self.exchanges[place as usize] = Some(exchange);
        self.waits.begin(place, due);
        if !(self.replicas[replica].waiting.is_empty() && self.begin(place, now)) {
            self.replicas[replica].waiting.push_back((place, id));
        }
    }

    /// Begins a request on a connection, where it can have one or may open one.
    fn begin(&mut self, place: u32, now: u64) -> bool {
        let Some(exchange) = &mut self.exchanges[place as usize] else { return true };
        let replica = exchange.replica;
        // Where many became due at once, its deadline may have come meanwhile.
        if exchange.progress.is_late(now) {
            exchange.begun = Some(now);
            let result = exchange.progress.timed_out(now);
            self.end(place, result);
            return true;
        }
        let is_pooled = self.replicas[replica].is_pooled();
        let idle = if is_pooled { self.idle(replica, now) } else { None };
        if idle.is_none() && is_pooled && !self.replicas[replica].openings.may_begin(now) {
            return false;
        }
        if let Some(exchange) = &mut self.exchanges[place as usize] {
            exchange.begun = Some(now);
            exchange.progress.has_turn();
        }
        match idle {
            Some(connection) => self.send(place, connection, now),
            None => self.open(place, replica, now),
        }
        true
    }

    /// A connection that is idle, and that the other side has not closed.
    fn idle(&mut self, replica: usize, now: u64) -> Option<u32> {
        while let Some(IdleConnection { connection, is_young, is_watched }) = self.replicas[replica].take_idle(now) {
            if is_young && (is_watched || self.connections[connection as usize].read(&mut [0]) == SocketRead::Nothing) {
                return Some(connection);
            }
            self.close(connection);
        }
        None
    }

    /// Begins those that wait for a connection, as far as they may.
    fn admit(&mut self) {
        for replica in 0..self.replicas.len() {
            while let Some((place, id)) = self.replicas[replica].waiting.front().copied() {
                // It may have been given up meanwhile, and another may have its place.
                let waits = self.exchanges[place as usize].as_ref().is_some_and(|one| one.id == id && one.begun.is_none());
                if waits && !self.begin(place, self.clock.now()) {
                    break;
                }
                self.replicas[replica].waiting.pop_front();
            }
        }
    }

    fn open(&mut self, place: u32, replica: usize, now: u64) {
        let connection = match self.free_connections.pop() {
            Some(connection) => connection,
            None => {
                self.connections.push(HttpConnection::default());
                (self.connections.len() - 1) as u32
            }
        };
        if let Some(exchange) = &mut self.exchanges[place as usize] {
            exchange.connection = Some(connection);
        }
        self.waits.begin_part(ExchangePart::Connect, place, now);
        let address = self.replicas[replica].address();
        let own = &mut self.connections[connection as usize];
        own.replica = replica;
        own.state = ConnectionState::Opening { exchange: place, addresses: address.into_iter().collect() };
        if address.is_some() {
            return self.try_next(connection, word::NOT_RESOLVED);
        }
        let (whom, inbox, look_up) = ((connection, own.generation), self.inbox.clone(), self.replicas[replica].look_up());
        // The look-up blocks its thread, and nobody waits for one that comes too late.
        drop(self.lookups.spawn_blocking(move || {
            inbox.tell(whom, look_up());
        }));
    }

    /// Opens a connection at the next address, or ends its request with the word for why the last one did not do.
    fn try_next(&mut self, connection: u32, mut why: &'static str) {
        let own = &mut self.connections[connection as usize];
        let ConnectionState::Opening { exchange, addresses } = &mut own.state else { return };
        let (exchange, mut addresses) = (*exchange, std::mem::take(addresses));
        let ports = self.replicas[own.replica].connector.endpoint.ports();
        let token = token_of(connection, own.generation);
        while let Some(address) = addresses.pop_front() {
            let begun = own.begin(ports, address).and_then(|is_open| {
                let watched = own.socket().map(|socket| self.poller.watch(socket, token));
                watched.unwrap_or(Ok(())).map_err(|error| word::of_connecting(&error))?;
                Ok(is_open)
            });
            match begun {
                Ok(true) => return self.send(exchange, connection, self.clock.now()),
                Ok(false) => {
                    own.state = ConnectionState::Opening { exchange, addresses };
                    return;
                }
                Err(word) => why = word,
            }
        }
        self.fail(exchange, why);
    }

    /// Sends a request on an open connection.
    fn send(&mut self, place: u32, connection: u32, now: u64) {
        let Some(exchange) = &mut self.exchanges[place as usize] else { return self.close(connection) };
        exchange.connection = Some(connection);
        self.waits.end_parts(place);
        self.asked.mark.id = exchange.id;
        self.written.clear();
        if !self.replicas[exchange.replica].write(&self.asked, &mut self.written) {
            return self.fail(place, word::UNSENDABLE);
        }
        exchange.progress.is_sent();
        let own = &mut self.connections[connection as usize];
        own.state = ConnectionState::Taken(place);
        if !own.send(&self.written) {
            let result = exchange.close(self.clock.now(), true);
            return self.end(place, result);
        }
        self.waits.begin_part(ExchangePart::FirstByte, place, now);
    }

    fn fail(&mut self, place: u32, why: &'static str) {
        let Some(exchange) = &self.exchanges[place as usize] else { return };
        let result = exchange.progress.failed(self.clock, Outcome::Error, why.into());
        self.end(place, result);
    }

    /// A request has ended, and its connection with it.
    fn end(&mut self, place: u32, result: RequestResult) {
        let connection = self.exchanges[place as usize].as_ref().and_then(|exchange| exchange.connection);
        self.conclude(place, result);
        if let Some(connection) = connection {
            self.close(connection);
        }
    }

    /// A request has ended: what became of it is recorded.
    fn conclude(&mut self, place: u32, result: RequestResult) {
        let Some(exchange) = self.exchanges[place as usize].take() else { return };
        self.free_exchanges.push(place);
        self.waits.end(place);
        let RequestResult { proof, done, outcome, why, spent } = result;
        let HttpExchange { id, due, begun, progress, .. } = exchange;
        self.context.budget.end(id, spent);
        if let (Some(why), Some(line)) = (&why, progress.said()) {
            self.context.said.note(workload_of(id), why, line);
        }
        let from_due = |moment: u64| moment.saturating_sub(due);
        let (lag, done, proof) = (from_due(begun.unwrap_or(done)), from_due(done), proof.map(from_due));
        self.records.push(Event::Request(RequestDone { id, due, lag, proof, done, outcome, why }));
        self.ended += 1;
    }

    fn close(&mut self, connection: u32) {
        let own = &mut self.connections[connection as usize];
        match own.state {
            ConnectionState::None => return,
            ConnectionState::Idle => self.replicas[own.replica].forget(connection),
            _ => {}
        }
        own.close();
        self.waits.end_linger(connection);
        self.free_connections.push(connection);
    }

    /// Sleeps until this moment, whatever becomes ready meanwhile, and serves that then.
    pub(super) fn turn_at(&mut self, moment: u64) {
        let until = if self.unread.is_empty() { moment.min(self.next()) } else { 0 };
        if until > self.clock.now() {
            self.clock.sleep_until(until);
        }
        self.turn(0);
    }

    /// Waits until something is ready or this moment, and serves whatever is.
    pub(super) fn turn(&mut self, until: u64) {
        let now = self.clock.now();
        let until = if self.unread.is_empty() { until.min(self.next()) } else { now };
        self.poller.wait(self.clock.host(until), self.clock.host(now));
        let (looked, told_all) = (self.clock.now(), self.poller.told_all());
        self.replicas.iter_mut().for_each(|replica| replica.was_looked_at(looked, told_all));
        for (connection, generation) in std::mem::take(&mut self.unread) {
            if self.is_own(connection, generation) {
                self.read(connection, true);
            }
        }
        for place in 0..self.poller.count() {
            if let Some(ready) = self.poller.ready(place) {
                self.serve(ready);
            }
        }
        if let Some(letters) = self.inbox.take() {
            letters.found.into_iter().for_each(|(whom, found)| self.found(whom, found));
            letters.due.into_iter().for_each(|(id, due)| self.take(id, due, self.clock.now()));
        }
        self.expire();
        self.admit();
    }

    /// When there is something to do though nothing is ready.
    fn next(&self) -> u64 {
        let admits = self.replicas.iter().filter(|replica| !replica.waiting.is_empty()).map(|replica| replica.openings.next());
        let retries = (!self.records.is_empty()).then(|| self.clock.now() + MOMENT);
        admits.chain(retries).chain(self.waits.next()).chain([self.swept + SWEEP]).min().unwrap_or(u64::MAX)
    }

    fn is_own(&self, connection: u32, generation: u32) -> bool {
        self.connections.get(connection as usize).is_some_and(|own| own.generation == generation)
    }

    /// Addresses were looked up for a connection.
    fn found(&mut self, (connection, generation): (u32, u32), found: Vec<SocketAddr>) {
        if !self.is_own(connection, generation) {
            return;
        }
        if let ConnectionState::Opening { addresses, .. } = &mut self.connections[connection as usize].state {
            *addresses = VecDeque::from(found);
        }
        self.try_next(connection, word::NOT_RESOLVED);
    }

    fn serve(&mut self, ready: Readiness) {
        let connection = (ready.token & u64::from(u32::MAX)) as u32;
        if !self.is_own(connection, (ready.token >> 32) as u32) {
            return;
        }
        let own = &mut self.connections[connection as usize];
        match own.state {
            ConnectionState::Opening { exchange, .. } if ready.writes => match own.opened() {
                Ok(()) => {
                    self.send(exchange, connection, self.clock.now());
                    // What came before anything was asked is not told again.
                    if ready.reads && self.is_own(connection, (ready.token >> 32) as u32) {
                        self.read(connection, ready.ends);
                    }
                }
                Err(why) => self.try_next(connection, why),
            },
            ConnectionState::None | ConnectionState::Opening { .. } => {}
            _ => {
                if ready.reads {
                    self.read(connection, ready.ends);
                }
                self.flush(connection, ready);
            }
        }
    }

    /// Writes what is left of a request, after an answer that may have come already was read.
    fn flush(&mut self, connection: u32, ready: Readiness) {
        if !ready.writes || !self.is_own(connection, (ready.token >> 32) as u32) {
            return;
        }
        let own = &mut self.connections[connection as usize];
        let ConnectionState::Taken(place) = own.state else { return };
        if !own.flush() {
            self.broke(place, true);
        }
    }

    /// The connection of a request has ended.
    fn broke(&mut self, place: u32, broken: bool) {
        let at = self.clock.now();
        if let Some(result) = self.exchanges[place as usize].as_mut().map(|exchange| exchange.close(at, broken)) {
            self.end(place, result);
        }
    }

    /// Reads what has come on a connection. `to_its_end`: more may have come than what fills a piece in part.
    fn read(&mut self, connection: u32, to_its_end: bool) {
        let mut piece = std::mem::take(&mut self.piece);
        let generation = self.connections[connection as usize].generation;
        let mut reads = 0;
        loop {
            let came = self.connections[connection as usize].read(&mut piece);
            let goes_on = match came {
                SocketRead::Bytes(count) => self.came(connection, &piece[..count]) && (to_its_end || count == PIECE),
                SocketRead::Nothing => false,
                SocketRead::End | SocketRead::Broken => {
                    match self.connections[connection as usize].state {
                        ConnectionState::Taken(place) => self.broke(place, came == SocketRead::Broken),
                        _ => self.close(connection),
                    }
                    false
                }
            };
            reads += 1;
            if !goes_on {
                break;
            }
            if reads == READS {
                self.unread.push((connection, generation));
                break;
            }
        }
        self.piece = piece;
    }

    /// These bytes came on a connection. False where it is closed now.
    fn came(&mut self, connection: u32, bytes: &[u8]) -> bool {
        let own = &mut self.connections[connection as usize];
        match &mut own.state {
            ConnectionState::Taken(place) => {
                let place = *place;
                self.feed(place, connection, bytes)
            }
            ConnectionState::Lingering(_) => {
                let ConnectionState::Lingering(decoder) = std::mem::take(&mut own.state) else { return false };
                own.state = ConnectionState::Taken(u32::MAX);
                self.settle(connection, linger(decoder, bytes), self.clock.now())
            }
            // Nobody asked for it.
            _ => {
                self.close(connection);
                false
            }
        }
    }

    fn feed(&mut self, place: u32, connection: u32, bytes: &[u8]) -> bool {
        let at = self.clock.now();
        let Some(exchange) = &mut self.exchanges[place as usize] else { return false };
        let own = &mut self.connections[connection as usize];
        self.asked.mark.id = exchange.id;
        let connector = &self.replicas[exchange.replica].connector;
        let fed = if own.held.is_empty() {
            let (read, fed) = exchange.feed(connector, &self.asked, bytes, at);
            own.held.extend_from_slice(&bytes[read..]);
            fed
        } else {
            own.held.extend_from_slice(bytes);
            let (read, fed) = exchange.feed(connector, &self.asked, &own.held, at);
            own.held.drain(..read);
            fed
        };
        match fed {
            Fed::More(has_come) => {
                if has_come {
                    self.waits.end_parts(place);
                    self.waits.begin_part(ExchangePart::Idle, place, at);
                }
                true
            }
            Fed::Ended(result, fate) => {
                self.conclude(place, result);
                self.settle(connection, fate, at)
            }
        }
    }

    /// Does with a connection what its answer says. False where it is closed.
    fn settle(&mut self, connection: u32, fate: ExchangeFate, now: u64) -> bool {
        let own = &mut self.connections[connection as usize];
        let replica = &mut self.replicas[own.replica];
        let is_kept = own.is_flushed() && own.held.is_empty() && replica.is_pooled();
        match fate {
            ExchangeFate::Kept if is_kept && replica.keep(connection, now) => {
                own.state = ConnectionState::Idle;
                self.waits.end_linger(connection);
                true
            }
            ExchangeFate::Lingering(decoder) if is_kept => {
                own.state = ConnectionState::Lingering(decoder);
                self.waits.linger(connection, now + LINGER.as_nanos() as u64);
                true
            }
            _ => {
                self.close(connection);
                false
            }
        }
    }

    /// Ends what has waited for long enough.
    fn expire(&mut self) {
        let now = self.clock.now();
        if self.context.is_abandoned() {
            self.abandon(now);
        }
        while let Some((place, after)) = self.waits.take_level(now) {
            if let Some(exchange) =
                self.exchanges[place as usize].as_ref().filter(|one| !one.progress.is_settled(self.context.levels.until_proof))
            {
                self.records.push(Event::Overdue(Overdue { id: exchange.id, due: exchange.due, after }));
            }
        }
        while let Some(place) = self.waits.take_deadline(now) {
            if let Some(result) = self.exchanges[place as usize].as_ref().map(|exchange| exchange.progress.timed_out(now)) {
                self.end(place, result);
            }
        }
        while let Some(place) = self.waits.take_part(now) {
            if let Some(result) = self.exchanges[place as usize].as_mut().map(|exchange| exchange.stall(now)) {
                self.end(place, result);
            }
        }
        while let Some(connection) = self.waits.take_linger(now) {
            self.close(connection);
        }
        if self.swept + SWEEP <= now {
            self.swept = now;
            let old: Vec<u32> = self.replicas.iter_mut().flat_map(|replica| replica.sweep(now)).collect();
            old.into_iter().for_each(|connection| self.close(connection));
        }
    }

    /// Gives up whatever is on its way.
    fn abandon(&mut self, now: u64) {
        for place in 0..self.exchanges.len() {
            if let Some(result) = self.exchanges[place].as_ref().map(|exchange| exchange.progress.abandoned(now)) {
                self.end(place as u32, result);
            }
        }
    }

    /// Hands what was recorded to the journal, as far as it takes it.
    pub(super) fn hand_on(&mut self) {
        if self.records.is_empty() {
            return;
        }
        self.context.recorder.record_all(&mut self.records);
        let left = self.records.iter().filter(|event| matches!(event, Event::Request(_))).count();
        self.in_flight.end(self.ended - left);
        self.ended = left;
    }
}

const fn token_of(connection: u32, generation: u32) -> u64 {
    ((generation as u64) << 32) | connection as u64
}
