//! The questions that are open, for whoever may answer from elsewhere than the terminal, and the links by which they may.
//!
//! A link is good for one answer of one person. Only its hash is kept. What this file does not do: listen, or know who somebody is; whoever
//! hands in an answer has verified that.

use super::attendance::PromptAnswer;
use super::question::{Question, Said};
use crate::history::Speaker;
use crate::journal::random;
use crate::redact::Redactor;
use crate::units::{Secret, TokenHash, hexadecimal};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{mpsc, oneshot};

/// Answers that may wait for a question that is busy.
const WAITING: usize = 16;

/// Why an answer from elsewhere does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerRefusal {
    /// There is no such question or link.
    #[error("there is no such question")]
    Unknown,
    /// The question is over.
    #[error("the question is over: {0}")]
    Over(String),
    /// The link was used.
    #[error("this link has been used")]
    Used,
    /// Others are asked, or this one has answered.
    #[error("{0}")]
    NotAsked(String),
    /// It is none of the answers that are allowed.
    #[error("please answer with {0}")]
    NotAnAnswer(String),
    /// Somebody was faster.
    #[error("somebody else answered first: {0}")]
    TooLate(String),
}

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkPurpose {
    /// To answer this question, or whichever is asked of the contact next.
    Answer(Option<String>),
    /// To say that somebody has taken it on.
    Acknowledge,
}

/// A question that is open, as it is shown elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenQuestion {
    /// Random, so that an answer to one is none to another.
    pub id: String,
    /// What is asked.
    pub question: Question,
}

/// The questions that are open and the links that were made. Clones share them.
#[derive(Debug, Clone)]
pub struct Board {
    /// Where links lead to, without a slash at its end.
    base: String,
    redactor: Redactor,
    state: Arc<Mutex<BoardState>>,
}

#[derive(Debug, Default)]
struct BoardState {
    open: BTreeMap<String, BoardEntry>,
    /// How each ended.
    over: BTreeMap<String, String>,
    links: BTreeMap<TokenHash, BoardLink>,
}

#[derive(Debug)]
struct BoardEntry {
    question: Question,
    answers: mpsc::Sender<PromptAnswer>,
}

#[derive(Debug, Clone)]
struct BoardLink {
    contact: Option<String>,
    purpose: LinkPurpose,
    is_used: bool,
}

impl Board {
    /// An empty one, whose links lead to this address. What they are is learnt by `redactor`, so that no output keeps one.
    pub fn new(base: impl Into<String>, redactor: Redactor) -> Self {
        let base = base.into().trim_end_matches('/').to_owned();
        Self { base, redactor, state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, BoardState> {
        self.state.lock().expect("nothing panics while it holds this")
    }

    /// Puts up a question, until what is returned is dropped.
    pub fn post(&self, question: &Question) -> Posting {
        let id = random().map(|bytes| hexadecimal(&bytes)).unwrap_or_default();
        let (sender, answers) = mpsc::channel(WAITING);
        self.state().open.insert(id.clone(), BoardEntry { question: question.clone(), answers: sender });
        Posting { id, board: self.clone(), answers, said: Vec::new(), links: BTreeMap::new() }
    }

    /// Those that are open.
    pub fn open(&self) -> Vec<OpenQuestion> {
        let state = self.state();
        state.open.iter().map(|(id, entry)| OpenQuestion { id: id.clone(), question: entry.question.clone() }).collect()
    }

    /// A new link for a contact, or for whoever gets it.
    ///
    /// # Errors
    /// Where the operating system gives no random bytes.
    pub fn link(&self, contact: Option<&str>, purpose: LinkPurpose) -> std::io::Result<String> {
        let token = hexadecimal(&random()?);
        self.redactor.learn_as(&Secret::from(token.as_str()), "[a one-time link]".to_owned());
        let link = BoardLink { contact: contact.map(str::to_owned), purpose, is_used: false };
        self.state().links.insert(TokenHash::of(&token), link);
        Ok(format!("{}/a/{token}", self.base))
    }

    /// For whom a link is and what for, and the question that it answers now, if there is one.
    ///
    /// # Errors
    /// Where there is no such link, it was used, or its question is over.
    pub fn followed(&self, token: &str) -> Result<(Option<String>, LinkPurpose, Option<OpenQuestion>), AnswerRefusal> {
        let state = self.state();
        let link = state.links.get(&TokenHash::of(token)).ok_or(AnswerRefusal::Unknown)?;
        if link.is_used {
            return Err(AnswerRefusal::Used);
        }
        let open = |(id, entry): (&String, &BoardEntry)| OpenQuestion { id: id.clone(), question: entry.question.clone() };
        let question = match &link.purpose {
            LinkPurpose::Acknowledge => None,
            LinkPurpose::Answer(Some(id)) => match state.open.get_key_value(id) {
                Some(found) => Some(open(found)),
                None => return Err(state.missing(id)),
            },
            LinkPurpose::Answer(None) => {
                let asked = |entry: &BoardEntry| link.contact.as_ref().is_none_or(|contact| entry.question.asks(contact));
                state.open.iter().find(|(_, entry)| asked(entry)).map(open)
            }
        };
        Ok((link.contact.clone(), link.purpose.clone(), question))
    }

    /// Uses a link up, or gives it back where what was said by it did not count.
    pub fn use_link(&self, token: &str, is_used: bool) -> bool {
        match self.state().links.get_mut(&TokenHash::of(token)) {
            Some(link) if link.is_used != is_used => {
                link.is_used = is_used;
                true
            }
            _ => false,
        }
    }

    /// Hands in an answer, and waits until it is written down.
    ///
    /// # Errors
    /// Where it does not count.
    pub async fn answer(&self, id: &str, said: Said, speaker: Speaker, comment: String) -> Result<(), AnswerRefusal> {
        let answers = {
            let state = self.state();
            let entry = state.open.get(id).ok_or_else(|| state.missing(id))?;
            entry.question.reply.takes(&said).map_err(AnswerRefusal::NotAnAnswer)?;
            if let Some(by) = speaker.by.as_ref().filter(|by| !entry.question.asks(by)) {
                return Err(AnswerRefusal::NotAsked(format!("{by} is not asked here, or has answered")));
            }
            entry.answers.clone()
        };
        let (taken, told) = oneshot::channel();
        let answer = PromptAnswer { said, speaker, comment, taken: Some(taken) };
        if answers.send(answer).await.is_err() {
            return Err(self.too_late(id));
        }
        match told.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(AnswerRefusal::TooLate(why)),
            Err(_) => Err(self.too_late(id)),
        }
    }

    fn too_late(&self, id: &str) -> AnswerRefusal {
        match self.state().missing(id) {
            AnswerRefusal::Over(how) => AnswerRefusal::TooLate(how),
            other => other,
        }
    }
}

impl BoardState {
    fn missing(&self, id: &str) -> AnswerRefusal {
        self.over.get(id).map_or(AnswerRefusal::Unknown, |how| AnswerRefusal::Over(how.clone()))
    }
}

/// A question on the board. Dropping it ends it.
#[derive(Debug)]
pub struct Posting {
    id: String,
    board: Board,
    answers: mpsc::Receiver<PromptAnswer>,
    /// What was said, in words.
    said: Vec<String>,
    /// Those that were made for it, by contact; an empty name is whoever gets it.
    links: BTreeMap<String, String>,
}

impl Posting {
    /// It is asked again, of others or with less left.
    pub fn update(&mut self, question: &Question) {
        if let Some(entry) = self.board.state().open.get_mut(&self.id) {
            entry.question = question.clone();
        }
    }

    /// Something was said that counts.
    pub fn told(&mut self, what: String) {
        self.said.push(what);
    }

    /// For each who may answer their own link.
    pub(super) fn links(&mut self, question: &Question, board: &Board) -> Vec<(String, String)> {
        let whoever = [String::new()];
        let names: &[String] = if question.names.is_empty() { &whoever } else { &question.names };
        let mut links = Vec::new();
        for name in names {
            // What was used is made again: a checklist is ticked in several turns.
            let kept = self.links.get(name).filter(|url| !url.rsplit('/').next().is_some_and(|token| board.is_used(token))).cloned();
            let contact = (!name.is_empty()).then_some(name.as_str());
            let purpose = LinkPurpose::Answer(Some(self.id.clone()));
            let Some(url) = kept.or_else(|| board.link(contact, purpose).ok()) else { continue };
            self.links.insert(name.clone(), url.clone());
            links.push((name.clone(), url));
        }
        links
    }

    /// The next answer to this question that counts. Of one that does not, whoever gave it is told.
    pub async fn next(&mut self, question: &Question) -> PromptAnswer {
        loop {
            let Some(mut answer) = self.answers.recv().await else { return std::future::pending().await };
            let is_asked = answer.speaker.by.as_ref().is_none_or(|by| question.asks(by));
            if is_asked && question.reply.takes(&answer.said).is_ok() {
                return answer;
            }
            if let Some(taken) = answer.taken.take() {
                let _ = taken.send(Err(self.said.last().cloned().unwrap_or_else(|| "it is asked of others by now".to_owned())));
            }
        }
    }
}

impl Board {
    fn is_used(&self, token: &str) -> bool {
        self.state().links.get(&TokenHash::of(token)).is_none_or(|link| link.is_used)
    }
}

impl Drop for Posting {
    fn drop(&mut self) {
        let how = if self.said.is_empty() { "nobody answered elsewhere".to_owned() } else { self.said.join("; ") };
        let mut state = self.board.state();
        state.open.remove(&self.id);
        state.over.insert(std::mem::take(&mut self.id), how);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::AnswerWay;

    fn by(name: &str) -> Speaker {
        Speaker { by: Some(name.to_owned()), way: AnswerWay::Token, user: None }
    }

    fn word(word: &str) -> Said {
        Said::Word(word.to_owned())
    }

    #[tokio::test]
    async fn of_two_who_answer_at_once_one_counts_and_the_other_is_told_who_was_faster() {
        let board = Board::new("http://127.0.0.1:1/", Redactor::default());
        let question = Question::of_words("Go on?", &["yes", "no"]);
        let mut posting = board.post(&question);
        let id = board.open()[0].id.clone();
        let refused = board.answer(&id, word("perhaps"), by("alice"), String::new()).await;
        assert_eq!(refused, Err(AnswerRefusal::NotAnAnswer("yes or no".into())));
        assert_eq!(board.answer("0", word("yes"), by("alice"), String::new()).await, Err(AnswerRefusal::Unknown));
        let asks = async {
            let mut answer = posting.next(&question).await;
            posting.told(format!("{} by {}", answer.word(), answer.speaker.by.clone().unwrap()));
            answer.taken.take().unwrap().send(Ok(())).unwrap();
            drop(posting);
        };
        let (first, second, ()) = tokio::join!(
            board.answer(&id, word("yes"), by("alice"), String::new()),
            board.answer(&id, word("no"), by("bob"), String::new()),
            asks
        );
        assert_eq!((first, second), (Ok(()), Err(AnswerRefusal::TooLate("yes by alice".into()))));
        let over = board.answer(&id, word("no"), by("bob"), String::new()).await;
        assert_eq!(over, Err(AnswerRefusal::Over("yes by alice".into())));
    }

    #[test]
    fn a_link_is_good_once_and_only_for_its_question() {
        let redactor = Redactor::default();
        let board = Board::new("http://127.0.0.1:1", redactor.clone());
        let question = Question { names: vec!["alice".into()], ..Question::of_words("Go on?", &["yes", "no"]) };
        let early = board.link(Some("alice"), LinkPurpose::Answer(None)).unwrap();
        let token = |url: &str| url.rsplit('/').next().unwrap().to_owned();
        assert_eq!(token(&early).len(), 32, "128 bits");
        assert_eq!(redactor.redact(&early), "http://127.0.0.1:1/a/[a one-time link]");
        assert_eq!(board.followed(&token(&early)).unwrap().2, None, "nothing is asked yet");
        let mut posting = board.post(&question);
        let links = posting.links(&question, &board);
        assert_eq!(links.len(), 1);
        let own = token(&links[0].1);
        assert_eq!(board.followed(&token(&early)).unwrap().2, board.followed(&own).unwrap().2);
        assert!(board.use_link(&own, true) && !board.use_link(&own, true), "once");
        assert_eq!(board.followed(&own), Err(AnswerRefusal::Used));
        assert!(!format!("{board:?}").contains(&own), "only a hash is kept");
        let again = token(&posting.links(&question, &board)[0].1);
        drop(posting);
        assert_eq!(board.followed(&again), Err(AnswerRefusal::Over("nobody answered elsewhere".into())));
        assert_eq!(board.followed("00"), Err(AnswerRefusal::Unknown));
    }
}
