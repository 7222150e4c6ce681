use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::lineage::Transition;
use kernel::step::Answer;
use mcp::{CompletionAnswer, MessageGate, MessageStep, StepEnd, Stop};
use proof::digest::Digest;
use record::Assurance;
use record::lineage::{Completion, MessageDirection};

use crate::driver::{Answered, HeldPermit, KernelHandle, NotRead, OVERLOAD, ToolListing};
use crate::session_threads::SessionThreads;
use crate::stop::Cut;
use crate::waiting_notes;

/// One session's way to the kernel: whose execution it is, and how strongly it is bound.
pub(crate) struct SessionGate {
    pub(crate) kernel: KernelHandle,
    pub(crate) workload: Arc<str>,
    pub(crate) execution: String,
    pub(crate) server: String,
    pub(crate) assurance: Assurance,
    /// The permits of this session whose transitions are open: dropped with it, whatever ends it.
    pub(crate) permits: Permits,
    /// Whether officers stopped it: asked before anything is handed on.
    pub(crate) cut: Arc<Cut>,
    /// Tells when the node stops.
    pub(crate) session_threads: SessionThreads,
}

/// Permits by their tickets.
pub(crate) type Permits = Mutex<BTreeMap<u64, HeldPermit>>;

impl SessionGate {
    fn permits(&self) -> MutexGuard<'_, BTreeMap<u64, HeldPermit>> {
        self.permits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the kernel; `None` where nobody will answer.
    fn ask(&self, transition: Transition) -> impl Future<Output = Option<Answered>> + Send + use<> {
        let (kernel, workload) = (self.kernel.clone(), Arc::clone(&self.workload));
        let execution = self.execution.clone();
        async move {
            match kernel.prepare(transition, &workload).await {
                Ok(prepared) => kernel.request(workload, execution, prepared).await,
                Err(NotRead::Failed) => None,
                Err(NotRead::Overload) => {
                    kernel.refused(OVERLOAD);
                    Some(Answered::refused(Answer::Refused { code: OVERLOAD }))
                }
            }
        }
    }
}

impl MessageGate for SessionGate {
    fn decide(&self, step: MessageStep) -> impl Future<Output = mcp::GateAnswer> + Send {
        let tool = step.tool.as_deref().unwrap_or(&step.method);
        let what = format!("{}/{tool}", self.server);
        let transition = Transition {
            server: self.server.clone(),
            direction: match step.direction {
                mcp::Direction::ToServer => MessageDirection::ToServer,
                mcp::Direction::ToClient => MessageDirection::ToClient,
            },
            method: step.method,
            is_known: step.is_known,
            tool: step.tool,
            definition: step.definition,
            arguments: step.arguments,
            message: step.message,
            assurance: self.assurance,
            pending: step.pending,
            extra_params: step.besides,
            delegates: None,
        };
        let asked = self.ask(transition);
        let workload = Arc::clone(&self.workload);
        let cut = Arc::clone(&self.cut);
        async move {
            let answered = asked.await;
            // INVARIANT: an order that came while the record waited for the disk stops what it
            // permits. The permit is dropped, and ends as `unknown`: nothing of it was written.
            if let Some(code) = cut.code() {
                return mcp::GateAnswer::Stopped(Stop::Ordered { code: code.to_owned() });
            }
            match answered {
                Some(Answered { ticket, answer: Answer::Permit { index }, held, .. }) => {
                    self.permits().extend(held.map(|held| (ticket, held)));
                    mcp::GateAnswer::Permit { ticket, index }
                }
                Some(Answered {
                    answer: Answer::Deny { index, code, policies, advice }, ..
                }) => mcp::GateAnswer::Deny { index, code, policies, advice },
                Some(Answered {
                    answer: Answer::Pending { index, pending, awaits, policies, advice },
                    ..
                }) => {
                    waiting_notes::say_waiting(&workload, &what, &pending.to_string());
                    let awaits = awaits.iter().map(record::ApprovalRule::to_value).collect();
                    mcp::GateAnswer::Pending { index, pending, awaits, policies, advice }
                }
                Some(Answered { answer: Answer::Refused { code }, .. }) => {
                    mcp::GateAnswer::Refused { code: code.to_owned() }
                }
                None => mcp::GateAnswer::Stopped(Stop::Node),
            }
        }
    }

    fn complete(
        &self,
        ticket: u64,
        end: StepEnd,
        message: Vec<u8>,
        output: Option<String>,
    ) -> impl Future<Output = CompletionAnswer> + Send {
        let outcome = match end {
            StepEnd::Result => Completion::Result,
            StepEnd::Error => Completion::Error,
            StepEnd::Sent => Completion::Sent,
            StepEnd::Unknown { written } => Completion::Unknown { written },
        };
        if let Some(permit) = self.permits().remove(&ticket) {
            permit.discharge();
        }
        let workload = Arc::clone(&self.workload);
        let settled = self.kernel.outcome(workload, ticket, (outcome, message, output));
        let cut = Arc::clone(&self.cut);
        async move {
            match (settled.await, cut.code()) {
                (Some(Ok(())), None) => CompletionAnswer::Forward,
                (Some(Err(code)), _) | (Some(Ok(())), Some(code)) => {
                    CompletionAnswer::Withheld { code: code.to_owned() }
                }
                (None, _) => CompletionAnswer::Stopped,
            }
        }
    }

    fn refused(&self, code: &'static str) {
        self.kernel.refused(code);
    }

    fn is_listed(&self, tool: &str, definition: Digest) -> impl Future<Output = bool> + Send {
        let server = self.server.clone();
        let tool = ToolListing { server, tool: tool.to_owned(), definition };
        self.kernel.is_listed(Arc::clone(&self.workload), tool)
    }

    /// An officer stopped it; or the node stops, and the kernel takes the last completions; or the
    /// kernel's thread has ended, and nothing more can be decided.
    fn stopped(&self) -> impl Future<Output = Stop> + Send {
        let (ended, cut) = (self.kernel.ended(), self.cut.stopped());
        let stopping = self.session_threads.stopping();
        async move {
            tokio::select! {
                code = cut => Stop::Ordered { code: code.to_owned() },
                () = stopping => Stop::Node,
                () = ended => Stop::Node,
            }
        }
    }
}

#[cfg(test)]
mod tests;
