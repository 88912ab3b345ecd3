//! The mail server of an inventory, and addresses of e-mail.

use super::reader::TreeReader;
use super::store;
use super::tree::Node;
use crate::model::{Mail, MailServer};

/// `{server: "smtp://mail.example:587", from: …, user: …, password_from: "env:NAME"}`.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<Mail> {
    let fields = reader.fields(node, "a mail server's settings")?;
    let server = fields.required("server", &|reader, node| {
        let text = reader.words(node)?;
        let server = MailServer::parse(&text);
        if server.is_none() {
            let hint = "write `smtp://HOST:PORT`, or `smtps://HOST:PORT` where the connection begins with TLS";
            reader.error(node.spot, format!("`{text}` is not a mail server"), hint);
        }
        server
    });
    let from = fields.required("from", &address);
    let user = fields.optional("user", &|reader, node| reader.words(node));
    let password_from = fields.optional("password_from", &store::key);
    let authority = fields.optional("authority", &|reader, node| reader.words(node));
    for (one, other) in [("user", "password_from"), ("password_from", "user")] {
        if let Some((key, _)) = fields.raw(one).filter(|_| fields.has_none(&[other])) {
            reader.error(
                key.spot,
                format!("`{one}` is of no use without `{other}`"),
                "write both, or neither where the server asks for no login",
            );
        }
    }
    fields.finish();
    Some(Mail { server: server?, from: from?, user, password_from, authority })
}

/// An address of e-mail, without a person's name; variables may stand in it.
pub(super) fn address(reader: &TreeReader<'_>, node: &Node) -> Option<String> {
    let text = reader.words(node)?;
    let plain = |part: &str| !part.is_empty() && !part.contains(|letter: char| letter.is_whitespace() || "<>,;@".contains(letter));
    let good = text.contains("${") || text.split_once('@').is_some_and(|(who, host)| plain(who) && plain(host));
    if !good {
        reader.error(node.spot, format!("`{text}` is not an address of e-mail"), "write `NAME@HOST` and nothing else");
    }
    good.then_some(text)
}
