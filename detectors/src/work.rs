//! Steps of work, counted in tests, so that what must be linear is held by a count and not by a clock.
//!
//! Inner loops that bait could make run again and again say how many steps they take. Outside of tests nothing is
//! counted and nothing compiled.

/// Takes note of `steps`, in tests.
#[inline(always)]
pub fn work(_steps: usize) {
    #[cfg(test)]
    counter::STEPS.with(|steps| steps.set(steps.get() + _steps));
}

#[cfg(test)]
pub mod counter {
    //! The count of this thread.

    use std::cell::Cell;

    thread_local! {
        pub static STEPS: Cell<usize> = const { Cell::new(0) };
    }

    /// How many steps `job` takes.
    pub fn steps(job: impl FnOnce()) -> usize {
        let before = STEPS.with(Cell::get);
        job();
        STEPS.with(Cell::get) - before
    }
}
