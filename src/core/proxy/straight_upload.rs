//! The body of a request that passes straight: it is taken in from the gateway and said to the provider by the exchange that it belongs to.
//!
//! It passes as fast as `upload` says: where the traffic's mark may be in it, it is taken in whether the provider takes it or not.

use super::provider_link::ProviderLink;
use super::straight_gateway::StraightGateway;
use super::upload::{BodyPlan, LOST, Upload};
use bytes::BytesMut;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};

/// So much waits for the provider before no more is taken from the gateway.
const WINDOW: usize = 64 << 10;

/// Body of a request on its way from the gateway to the provider.
#[derive(Debug)]
pub(super) struct StraightUpload {
    told: Arc<Upload>,
    plan: BodyPlan,
    /// What is still to come.
    left: u64,
    /// What the provider is still to be told, with the head before it.
    pub(super) waiting: BytesMut,
    /// All of it is taken in, whether the provider takes it or not.
    pub(super) is_hurried: bool,
    /// Nobody wants it any more: what comes is lost, and how much that was.
    lost: Option<usize>,
}

/// Who broke off.
#[derive(Debug)]
pub(super) enum UploadBreak {
    Gateway(io::Error),
    Provider(io::Error),
}

impl StraightUpload {
    pub(super) fn new(told: Arc<Upload>, plan: BodyPlan, length: u64) -> Self {
        Self { told, plan, left: length, waiting: BytesMut::new(), is_hurried: plan.runs_ahead(), lost: None }
    }

    pub(super) const fn told(&self) -> &Arc<Upload> {
        &self.told
    }

    /// True where the gateway has sent all of it.
    pub(super) const fn is_here(&self) -> bool {
        self.left == 0
    }

    /// True where nothing of it is left to do.
    pub(super) fn is_done(&self) -> bool {
        self.left == 0 && self.waiting.is_empty()
    }

    /// True where more of it was lost than is worth going on with the connection.
    pub(super) fn is_too_much(&self) -> bool {
        self.lost.is_some_and(|lost| lost > LOST)
    }

    /// True where all of it may be waited for.
    pub(super) fn may_read_ahead(&self) -> bool {
        self.plan.may_read_ahead()
    }

    /// Takes what is there.
    pub(super) fn take(&mut self, came: &mut BytesMut) {
        let take = usize::try_from(self.left).unwrap_or(usize::MAX).min(came.len());
        if take == 0 {
            return;
        }
        self.left -= take as u64;
        let bytes = came.split_to(take).freeze();
        match &mut self.lost {
            Some(lost) => *lost += take,
            None => self.waiting.extend_from_slice(&bytes),
        }
        self.told.came(&bytes, self.left == 0);
    }

    /// Nobody wants what is still to come.
    pub(super) fn abandon(&mut self) {
        self.lost.get_or_insert(0);
        self.waiting.clear();
    }

    /// Takes in and passes on; ready once all of it was passed, or taken in where there is nobody to pass it to.
    ///
    /// # Errors
    /// Who broke off.
    pub(super) fn poll<I: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        gateway: &mut StraightGateway<I>,
        mut link: Option<&mut ProviderLink>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), UploadBreak>> {
        loop {
            let mut is_said = true;
            if let Some(link) = link.as_deref_mut()
                && !self.waiting.is_empty()
            {
                is_said = link.poll_say(&mut self.waiting, cx).map_err(UploadBreak::Provider)?.is_ready();
            }
            if self.left == 0 {
                return if is_said { Poll::Ready(Ok(())) } else { Poll::Pending };
            }
            if self.waiting.len() >= WINDOW && !self.is_hurried {
                return Poll::Pending;
            }
            if self.is_too_much() {
                return Poll::Pending;
            }
            if gateway.came.is_empty() {
                let awaited = usize::try_from(self.left).unwrap_or(WINDOW).min(WINDOW);
                match ready!(gateway.poll_read(awaited, cx)) {
                    Ok(1..) => {}
                    Ok(0) => {
                        self.told.break_off();
                        return Poll::Ready(Err(UploadBreak::Gateway(ErrorKind::UnexpectedEof.into())));
                    }
                    Err(error) => {
                        self.told.break_off();
                        return Poll::Ready(Err(UploadBreak::Gateway(error)));
                    }
                }
            }
            self.take(&mut gateway.came);
        }
    }
}
