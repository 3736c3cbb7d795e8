//! Console output shared by the commands: stdout for data, progress bars on stderr, the thread limit.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::Write;

/// A progress bar on stderr that disappears when it is dropped.
pub struct Progress(ProgressBar);

impl Progress {
    /// Counts up to `total` of a unit such as `epochs`; draws nothing unless `visible`.
    pub fn new(total: u64, unit: &str, visible: bool) -> Self {
        let bar = if visible { ProgressBar::new(total) } else { ProgressBar::hidden() };
        if let Ok(style) =
            ProgressStyle::with_template(&format!("{{bar:30}} {{pos}}/{{len}} {unit}  {{eta}} left  {{msg}}"))
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Draws nothing.
    pub fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Counts on.
    pub fn advance(&self, steps: u64) {
        self.0.inc(steps);
    }

    /// Sets the count.
    pub fn set(&self, position: u64) {
        self.0.set_position(position);
    }

    /// Text beside the bar.
    pub fn note(&self, text: impl Into<String>) {
        self.0.set_message(text.into());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Writes data to stdout. A closed pipe is no error; a full disk is.
///
/// # Errors
/// If stdout cannot be written.
pub fn print_text(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Limits the threads of libtorch and of parallel iterators, for the whole process.
///
/// # Errors
/// Returns what was given if it is not between 1 and 256.
pub fn set_threads(threads: usize) -> Result<(), usize> {
    if !(1..=256).contains(&threads) {
        return Err(threads);
    }
    tch::set_num_threads(threads as i32);
    // Refused only where the pool is running already, with the threads that it was given first.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    Ok(())
}
