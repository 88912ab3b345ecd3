//! Each criterion met, missed and in doubt, on histories told by hand; and what the fold finds against an oracle that looks at all at once.

mod criteria;
mod oracle;
