//! An inventory's `evidence:`: who signs drills, who witnesses them, where they are kept.

use super::reader::TreeReader;
use super::store;
use super::tree::Node;
use crate::model::{BucketPlace, EvidencePolicy, LockMode, ObjectLock, ShipTo, WitnessPolicy, WitnessSource};

/// `{key: "env:NAME", witness: {url: ADDRESS, ca: FILE}, ship: [{folder: …}]}`.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<EvidencePolicy> {
    let fields = reader.fields(node, "an evidence map")?;
    let policy = EvidencePolicy {
        key: fields.optional("key", &store::key),
        witness: fields.optional("witness", &witness),
        ship: fields.optional("ship", &|reader, node| reader.list(node, &ship)).unwrap_or_default(),
        keep: fields.optional("keep", &super::parity::keep),
    };
    fields.finish();
    Some(policy)
}

fn witness(reader: &TreeReader<'_>, node: &Node) -> Option<WitnessPolicy> {
    let fields = reader.fields(node, "a witness")?;
    fields.looks_like("{url: \"https://tsa.example/tsr\", ca: tsa-ca.pem}");
    let from = match fields.exactly_one(&["url", "run"]) {
        Some("url") => fields.required("url", &|reader, node| reader.url(node)).map(WitnessSource::Url),
        Some("run") => fields.required("run", &|reader, node| naming(reader, node, &["${query}", "${answer}"])).map(WitnessSource::Run),
        _ => None,
    };
    let ca = fields.optional("ca", &|reader, node| reader.words(node));
    let required = fields.optional("required", &|reader, node| reader.truth(node)).unwrap_or(true);
    fields.finish();
    Some(WitnessPolicy { from: from?, ca, required })
}

/// A program whose arguments name these files.
fn naming(reader: &TreeReader<'_>, node: &Node, files: &[&str]) -> Option<Vec<String>> {
    let argv = super::command::argv(reader, node)?;
    for file in files {
        if !argv.iter().any(|argument| argument.contains(file)) {
            let hint = format!("give it to the program as an argument, for example `[\"./PROGRAM\", \"{}\"]`", files.join("\", \""));
            reader.error(node.spot, format!("no argument names the file `{file}`"), hint);
            return None;
        }
    }
    Some(argv)
}

fn ship(reader: &TreeReader<'_>, node: &Node) -> Option<ShipTo> {
    let fields = reader.fields(node, "a place for bundles")?;
    fields.looks_like("{folder: /mnt/evidence}");
    let place = match fields.exactly_one(&["folder", "run", "s3"]) {
        Some("folder") => fields.required("folder", &|reader, node| reader.words(node)).map(ShipTo::Folder),
        Some("run") => fields.required("run", &|reader, node| naming(reader, node, &["${bundle}"])).map(ShipTo::Run),
        Some("s3") => fields.required("s3", &bucket).map(|place| ShipTo::S3(Box::new(place))),
        _ => None,
    };
    fields.finish();
    place
}

fn bucket(reader: &TreeReader<'_>, node: &Node) -> Option<BucketPlace> {
    let fields = reader.fields(node, "a place in a bucket")?;
    fields.looks_like(
        "{bucket: drills, region: eu-west-1, access_key_id: \"env:AWS_ACCESS_KEY_ID\", secret_access_key: \"env:AWS_SECRET_ACCESS_KEY\"}",
    );
    let words = |name| fields.optional(name, &|reader, node| reader.words(node));
    let (bucket, region) =
        (fields.required("bucket", &|reader, node| reader.words(node)), fields.required("region", &|reader, node| reader.name(node)));
    let (id, secret) = (fields.required("access_key_id", &store::key), fields.required("secret_access_key", &store::key));
    let session_token = fields.optional("session_token", &store::key);
    let endpoint = fields.optional("endpoint", &|reader, node| reader.url(node));
    let prefix = words("prefix").map(|prefix| prefix.trim_matches('/').to_owned());
    let lock = fields.optional("lock", &lock);
    fields.finish();
    Some(BucketPlace {
        bucket: bucket?,
        prefix,
        region: region?,
        endpoint,
        access_key_id: id?,
        secret_access_key: secret?,
        session_token,
        lock,
    })
}

fn lock(reader: &TreeReader<'_>, node: &Node) -> Option<ObjectLock> {
    let fields = reader.fields(node, "a lock")?;
    fields.looks_like("{mode: compliance, for: 365d}");
    let mode = fields.required("mode", &|reader, node| reader.word(node, LockMode::WORDS, LockMode::from_word));
    let keep = fields.required("for", &|reader, node| reader.time(node));
    fields.finish();
    Some(ObjectLock { mode: mode?, keep: keep? })
}
