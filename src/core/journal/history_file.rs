//! The file of a history while it is written: as text, or compressed frame by frame.
//!
//! What this file does not do: know when lines are to be handed on, or seal them (`writer`).

use crate::model::HistoryForm;
use crate::run_folder::FrameMaker;
use std::io::{BufWriter, Result, Write};

/// The file of a history, and lines that were not handed on yet.
pub(super) enum HistoryFile<W: Write> {
    Plain(BufWriter<W>),
    Compressed { file: W, lines: Vec<u8>, maker: FrameMaker },
}

impl<W: Write> HistoryFile<W> {
    /// # Errors
    /// Where there is no memory for it.
    pub(super) fn new(form: HistoryForm, file: W) -> Result<Self> {
        Ok(match form {
            HistoryForm::Plain => Self::Plain(BufWriter::with_capacity(1 << 16, file)),
            HistoryForm::Compressed => Self::Compressed { file, lines: Vec::new(), maker: FrameMaker::new()? },
        })
    }

    /// Takes in a line.
    pub(super) fn put(&mut self, line: &[u8]) -> Result<()> {
        match self {
            Self::Plain(file) => file.write_all(line),
            Self::Compressed { lines, .. } => {
                lines.extend_from_slice(line);
                Ok(())
            }
        }
    }

    /// Hands what is text to the operating system; lines that are to be compressed are kept until [`HistoryFile::close`].
    pub(super) fn flush(&mut self) -> Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Compressed { .. } => Ok(()),
        }
    }

    /// Hands everything to the operating system, what is to be compressed as a frame of its own.
    pub(super) fn close(&mut self) -> Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Compressed { lines, .. } if lines.is_empty() => Ok(()),
            Self::Compressed { file, lines, maker } => {
                // Written at once, so that only a full disk or a crash of the machine leaves a part of it.
                let frame = maker.frame(lines)?;
                lines.clear();
                file.write_all(&frame)?;
                file.flush()
            }
        }
    }

    /// The same, and what stands at the end of one that is whole.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.close()?;
        match self {
            Self::Plain(_) => Ok(()),
            Self::Compressed { file, maker, .. } => {
                file.write_all(&maker.table())?;
                file.flush()
            }
        }
    }
}
