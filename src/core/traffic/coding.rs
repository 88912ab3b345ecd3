//! Content codings of answers (RFC 9110, section 8.4.1): gateways compress unasked, and clients of models decompress it unasked.
//!
//! gzip and deflate are undone piece by piece, so that the first token is seen when it comes. Anything else is told by its name.

use flate2::write::{MultiGzDecoder, ZlibDecoder};
use hyper::header::{CONTENT_ENCODING, HeaderMap};
use std::borrow::Cow;
use std::io::Write;

/// The decoder of a content coding. Boxed, for decoders are large and rare.
pub(super) enum ContentCoding {
    None,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Deflate(Box<ZlibDecoder<Vec<u8>>>),
}

impl ContentCoding {
    /// What an answer with this head is in.
    ///
    /// # Errors
    /// In words, the coding that nobody here can undo.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, String> {
        let named = headers.get_all(CONTENT_ENCODING).iter().map(|value| value.to_str().unwrap_or("unreadable"));
        let named: Vec<String> = named.flat_map(|value| value.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect();
        let own: Vec<&str> = named.iter().map(String::as_str).filter(|name| !matches!(*name, "" | "identity")).collect();
        match own.as_slice() {
            [] => Ok(Self::None),
            ["gzip" | "x-gzip"] => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))),
            ["deflate"] => Ok(Self::Deflate(Box::new(ZlibDecoder::new(Vec::new())))),
            others => {
                let name: String =
                    others.join("+").chars().filter(|letter| letter.is_ascii_alphanumeric() || "-+".contains(*letter)).collect();
                Err(format!("encoded {}", &name[..name.len().min(40)]))
            }
        }
    }

    /// What a piece says, as far as that shows yet; `None` where it is damaged.
    pub(super) fn undo<'b>(&mut self, piece: &'b [u8]) -> Option<Cow<'b, [u8]>> {
        let said = match self {
            Self::None => return Some(Cow::Borrowed(piece)),
            Self::Gzip(decoder) => {
                decoder.write_all(piece).and_then(|()| decoder.flush()).ok()?;
                std::mem::take(decoder.get_mut())
            }
            Self::Deflate(decoder) => {
                decoder.write_all(piece).and_then(|()| decoder.flush()).ok()?;
                std::mem::take(decoder.get_mut())
            }
        };
        Some(Cow::Owned(said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    fn coding(names: &[&str]) -> Result<ContentCoding, String> {
        let mut headers = HeaderMap::new();
        names.iter().for_each(|name| _ = headers.append(CONTENT_ENCODING, name.parse().unwrap()));
        ContentCoding::of(&headers)
    }

    #[test]
    fn what_is_compressed_is_read_as_it_comes_and_what_nobody_knows_is_named() {
        let text = b"data: {\"words\": \"anchor beacon\"}\n\ndata: [DONE]\n\n".repeat(50);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        let mut deflate = ZlibEncoder::new(Vec::new(), Compression::default());
        // The first half is flushed, as servers of streams do.
        let (first, second) = text.split_at(text.len() / 2);
        gzip.write_all(first).and_then(|()| gzip.flush()).unwrap();
        let flushed = gzip.get_ref().len();
        gzip.write_all(second).unwrap();
        deflate.write_all(&text).unwrap();
        for (name, bytes) in [("gzip", gzip.finish().unwrap()), ("x-gzip", gzip_of(&text)), ("deflate", deflate.finish().unwrap())] {
            let mut coding = coding(&["identity", name]).unwrap();
            let mut read = Vec::new();
            for (index, byte) in bytes.iter().enumerate() {
                read.extend_from_slice(&coding.undo(&[*byte]).unwrap());
                assert!(name != "gzip" || index + 1 != flushed || read == first, "what was flushed is there at once");
            }
            assert!(read == text, "{name}");
        }
        for (names, wanted) in [(&["br"][..], "encoded br"), (&["gzip, br"], "encoded gzip+br"), (&["zstd\u{e9}"], "encoded unreadable")] {
            assert_eq!(coding(names).err().as_deref(), Some(wanted));
        }
        assert!(coding(&["gzip"]).unwrap().undo(b"plain text").is_none());
        assert_eq!(coding(&[]).unwrap().undo(b"plain").unwrap(), &b"plain"[..]);
    }

    fn gzip_of(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }
}
