//! What handlers print with `print!`, `println!`, `eprint!`, `eprintln!` and `dbg!`, which this crate has in place of the
//! standard ones: `log` messages of the invocation whose thread it is. Promises that a finished line is sent at once. What
//! is written to the standard streams in other ways is in the gateway's log, as nobody's.

use std::fmt::Arguments;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::connection::Sender;
use crate::invocation::current;
use crate::wire::limits::MAX_LOG_TEXT_BYTES;
use crate::wire::outgoing::log;

/// A line that does not end is sent in pieces of about this many bytes.
const HOLD_BYTES: usize = 8_192;
/// Output outside invocations has the same bound, per this much time.
const LOOSE_WINDOW: Duration = Duration::from_secs(60);

#[derive(Clone, Copy)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// The output of one invocation; id 0 is everything outside.
pub struct Capture {
    id: u32,
    limit: usize,
    state: Mutex<State>,
}

struct State {
    left: usize,
    cut: bool,
    held: [String; 2],
    window_end: Instant,
}

impl Capture {
    pub fn new(id: u32, limit: usize) -> Self {
        let window_end = Instant::now() + LOOSE_WINDOW;
        Self { id, limit, state: Mutex::new(State { left: limit, cut: false, held: Default::default(), window_end }) }
    }

    fn add(&self, stream: Stream, text: &str, sender: &Sender) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if self.id == 0 && Instant::now() > state.window_end {
            (state.left, state.cut) = (self.limit, false);
            state.window_end = Instant::now() + LOOSE_WINDOW;
        }
        if state.cut {
            return;
        }
        let kept = start_within(text, state.left);
        state.left -= kept.len();
        state.cut = kept.len() < text.len();
        let cut = state.cut;
        let held = &mut state.held[stream as usize];
        held.push_str(kept);
        if cut {
            held.push_str(&format!("\n[output cut: more than {} bytes]\n", self.limit));
        }
        let end = match held.rfind('\n') {
            Some(at) => at + 1,
            None if held.len() >= HOLD_BYTES => held.len(),
            None => 0,
        };
        let rest = held.split_off(end);
        let finished = std::mem::replace(held, rest);
        self.send(stream, &finished, sender);
    }

    /// Sends the unfinished lines.
    pub fn flush(&self, sender: &Sender) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in [Stream::Stdout, Stream::Stderr] {
            let held = std::mem::take(&mut state.held[stream as usize]);
            self.send(stream, &held, sender);
        }
    }

    fn send(&self, stream: Stream, text: &str, sender: &Sender) {
        let name = match stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        };
        let mut rest = text;
        while !rest.is_empty() {
            let piece = start_within(rest, MAX_LOG_TEXT_BYTES);
            sender.send(&log(self.id, name, piece));
            rest = &rest[piece.len()..];
        }
    }
}

fn start_within(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

struct Outlet {
    sender: &'static Sender,
    loose: Capture,
}

static OUTLET: OnceLock<Outlet> = OnceLock::new();

/// Once, before any user code runs.
pub fn install(sender: &'static Sender, limit: usize) {
    let _ = OUTLET.set(Outlet { sender, loose: Capture::new(0, limit) });
}

#[doc(hidden)]
pub fn print(stream: Stream, text: Arguments<'_>) {
    let Some(outlet) = OUTLET.get() else { return };
    let text = text.to_string();
    match current() {
        Some(call) => call.output.add(stream, &text, outlet.sender),
        None => outlet.loose.add(stream, &text, outlet.sender),
    }
}

pub fn flush_loose() {
    if let Some(outlet) = OUTLET.get() {
        outlet.loose.flush(outlet.sender);
    }
}

#[macro_export]
macro_rules! print {
    ($($part:tt)*) => { $crate::output::print($crate::output::Stream::Stdout, ::core::format_args!($($part)*)) };
}

#[macro_export]
macro_rules! println {
    () => { $crate::output::print($crate::output::Stream::Stdout, ::core::format_args!("\n")) };
    ($($part:tt)*) => {
        $crate::output::print($crate::output::Stream::Stdout, ::core::format_args!("{}\n", ::core::format_args!($($part)*)))
    };
}

#[macro_export]
macro_rules! eprint {
    ($($part:tt)*) => { $crate::output::print($crate::output::Stream::Stderr, ::core::format_args!($($part)*)) };
}

#[macro_export]
macro_rules! eprintln {
    () => { $crate::output::print($crate::output::Stream::Stderr, ::core::format_args!("\n")) };
    ($($part:tt)*) => {
        $crate::output::print($crate::output::Stream::Stderr, ::core::format_args!("{}\n", ::core::format_args!($($part)*)))
    };
}

#[macro_export]
macro_rules! dbg {
    () => { $crate::eprintln!("[{}:{}:{}]", ::core::file!(), ::core::line!(), ::core::column!()) };
    ($value:expr $(,)?) => {
        match $value {
            value => {
                $crate::eprintln!("[{}:{}:{}] {} = {:#?}", ::core::file!(), ::core::line!(), ::core::column!(),
                    ::core::stringify!($value), &value);
                value
            }
        }
    };
    ($($value:expr),+ $(,)?) => { ($($crate::dbg!($value)),+,) };
}
