//! One invocation: its time, the room for its answer, its output, and its one end. The thread that runs its handler
//! knows it as the current one.

use std::cell::RefCell;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::connection::Sender;
use crate::output::Capture;
use crate::wire::limits::INITIAL_WINDOW_BYTES;

pub struct Invocation {
    pub id: u32,
    pub output: Capture,
    deadline: Instant,
    state: Mutex<State>,
    room_made: Condvar,
}

pub struct State {
    pub room: usize,
    pub answering: bool,
    pub cancelled: bool,
    pub ended: bool,
    /// The handler waits for room. To tell nobody would be a system call too.
    awaited: bool,
}

impl Invocation {
    pub fn new(id: u32, remaining_ms: f64, max_output_bytes: usize) -> Self {
        let remaining = Duration::try_from_secs_f64(remaining_ms / 1000.0).unwrap_or_default();
        Self {
            id,
            output: Capture::new(id, max_output_bytes),
            deadline: Instant::now() + remaining,
            state: Mutex::new(State {
                room: INITIAL_WINDOW_BYTES,
                answering: false,
                cancelled: false,
                ended: false,
                awaited: false,
            }),
            room_made: Condvar::new(),
        }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for room, a cancel or the end.
    pub fn state_with_room(&self) -> MutexGuard<'_, State> {
        let waits = |state: &mut State| {
            state.awaited = state.room == 0 && !state.cancelled && !state.ended;
            state.awaited
        };
        self.room_made.wait_while(self.state(), waits).unwrap_or_else(PoisonError::into_inner)
    }

    pub fn add_room(&self, bytes: usize) {
        let mut state = self.state();
        state.room += bytes;
        self.notify(&state);
    }

    /// Returns whether the end is owed by the worker itself: the answer has begun, and its source may never come to its
    /// next piece.
    pub fn cancel(&self) -> bool {
        let mut state = self.state();
        state.cancelled = true;
        self.notify(&state);
        state.answering
    }

    /// Hands in the last frames, behind the output; only the first end counts.
    pub fn finish(&self, sender: &Sender, frames: &[u8]) {
        let mut state = self.state();
        if state.ended {
            return;
        }
        state.ended = true;
        self.output.flush(sender);
        sender.gather(frames);
        self.notify(&state);
    }

    fn notify(&self, state: &State) {
        if state.awaited {
            self.room_made.notify_all();
        }
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Invocation>>> = const { RefCell::new(None) };
}

pub fn current() -> Option<Arc<Invocation>> {
    // A destructor that prints while the thread ends finds none.
    CURRENT.try_with(|call| call.borrow().clone()).ok().flatten()
}

pub fn set_current(call: Option<Arc<Invocation>>) {
    CURRENT.with(|slot| *slot.borrow_mut() = call);
}

/// Time left of the running invocation's deadline; zero behind it, and outside an invocation. An answer that streams has
/// none any more: the gateway watches how long it is idle instead.
pub fn remaining() -> Duration {
    current().map_or(Duration::ZERO, |call| call.deadline.saturating_duration_since(Instant::now()))
}

/// Whether nobody waits for the running invocation any more: its deadline has passed, or its client has gone. A handler
/// that takes long should look now and then; one that does not end then costs its worker the life.
pub fn is_cancelled() -> bool {
    current().is_some_and(|call| call.state().cancelled)
}
