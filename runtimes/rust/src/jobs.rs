//! Who does the work: the thread that reads calls also runs them, one after the other, and their answers leave together. A
//! clock looks on. Promises that a handler which does not end at once keeps nobody waiting longer than about two beats: not
//! the answers before it, not the calls behind it, not what the gateway says meanwhile.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{sleep, Builder};
use std::time::Duration;

use crate::connection::end_process;

/// How often the clock looks while calls run.
const BEAT: Duration = Duration::from_millis(1);
/// Beats without any call after which it sleeps until there is one: to wake it costs more than to let it look.
const QUIET_BEATS: u32 = 20;
/// Beats that a call may wait behind others that end.
const LATE_BEATS: u32 = 2;
/// For so many turns after a handler that waited, each call gets a thread at once: the next ones will wait too.
const WARY_TURNS: u32 = 64;

/// What the threads serve.
pub trait Work: Sync {
    type Job: Send;

    /// Waits for what the gateway says and returns the calls that came of it. One thread at a time is in here.
    fn read(&self) -> Vec<Self::Job>;
    /// Runs one call; its answer may wait for `flush`.
    fn run(&self, job: Self::Job);
    fn flush(&self);
}

pub struct Jobs<J> {
    state: Mutex<State<J>>,
    /// For threads that have nothing to do.
    called: Condvar,
    /// For the clock.
    begun: Condvar,
    most_helpers: usize,
}

struct State<J> {
    waiting: VecDeque<J>,
    /// A thread is in `read`.
    reading: bool,
    /// Threads that run calls, and how many calls have begun.
    running: usize,
    started: u64,
    wary: u32,
    clock_sleeps: bool,
    /// Threads beside the first, those of them that wait, and calls for them that none has heard yet.
    helpers: usize,
    idle: usize,
    calls: usize,
}

impl<J: Send> Jobs<J> {
    /// `most_helpers`: threads beside the one that calls `serve`.
    pub fn new(most_helpers: usize) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            reading: false,
            running: 0,
            started: 0,
            wary: 0,
            clock_sleeps: false,
            helpers: 0,
            idle: 0,
            calls: 0,
        };
        Self { state: Mutex::new(state), called: Condvar::new(), begun: Condvar::new(), most_helpers }
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves for the rest of the process.
    pub fn serve<W: Work<Job = J>>(&'static self, work: &'static W) -> ! {
        if let Err(error) = Builder::new().name("clock".into()).spawn(move || self.watch(work)) {
            end_process(&format!("cannot start a thread: {error}"));
        }
        self.work(work)
    }

    fn work<W: Work<Job = J>>(&'static self, work: &'static W) -> ! {
        loop {
            let mut state = self.state();
            if !state.waiting.is_empty() {
                self.run_waiting(work, state);
            } else if !state.reading {
                state.reading = true;
                drop(state);
                let jobs = work.read();
                self.take(work, jobs);
            } else {
                state.idle += 1;
                while state.calls == 0 {
                    state = self.called.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                state.calls -= 1;
                state.idle -= 1;
            }
        }
    }

    /// The thread that has read goes on to run, and leaves reading to whoever has time first.
    fn take<W: Work<Job = J>>(&'static self, work: &'static W, jobs: Vec<J>) {
        let mut state = self.state();
        state.reading = false;
        if jobs.is_empty() {
            return;
        }
        state.waiting.extend(jobs);
        if state.clock_sleeps {
            state.clock_sleeps = false;
            self.begun.notify_one();
        }
        if state.wary > 0 {
            state.wary -= 1;
            // One of them reads.
            let threads = state.waiting.len();
            self.call(work, &mut state, threads);
        }
    }

    fn run_waiting<'a, W: Work<Job = J>>(&'a self, work: &W, mut state: MutexGuard<'a, State<J>>) {
        state.running += 1;
        while let Some(job) = state.waiting.pop_front() {
            state.started += 1;
            drop(state);
            work.run(job);
            state = self.state();
        }
        state.running -= 1;
        drop(state);
        work.flush();
    }

    /// Calls idle threads, and new ones where those are too few.
    fn call<W: Work<Job = J>>(&'static self, work: &'static W, state: &mut State<J>, threads: usize) {
        for _ in 0..threads {
            if state.calls < state.idle {
                state.calls += 1;
                self.called.notify_one();
                continue;
            }
            // Without a thread more, calls wait their turn.
            let full = state.helpers >= self.most_helpers;
            if full || Builder::new().name("handler".into()).spawn(move || self.work(work)).is_err() {
                return;
            }
            state.helpers += 1;
        }
    }

    fn watch<W: Work<Job = J>>(&'static self, work: &'static W) -> ! {
        let (mut started, mut quiet, mut target, mut late) = (0, 0, 0, 0);
        loop {
            let mut state = self.state();
            let stands = state.started == started;
            started = state.started;
            let waiting = state.waiting.len();
            let needed = waiting + usize::from(!state.reading);
            if stands && state.running > 0 && needed > 0 {
                state.wary = WARY_TURNS;
                self.call(work, &mut state, needed);
            }
            // Calls that wait behind many short ones get one thread more, and another as long as that does not help.
            late = if started < target { late + 1 } else { 0 };
            if late == 0 {
                target = started + waiting as u64;
            } else if late >= LATE_BEATS {
                self.call(work, &mut state, 1);
            }
            quiet = if stands && (state.running == 0 || needed == 0) { quiet + 1 } else { 0 };
            if quiet > QUIET_BEATS {
                quiet = 0;
                state.clock_sleeps = true;
                while state.clock_sleeps {
                    state = self.begun.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
            drop(state);
            work.flush();
            sleep(BEAT);
        }
    }
}
