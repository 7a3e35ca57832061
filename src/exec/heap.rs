//! The allocator of the static build, for Rust and SQLite alike. That of musl takes pages from the system and gives them back for each
//! handful of blocks, some 140 system calls in a run that takes a millisecond; [`Dlmalloc`] takes a megabyte at a time.
//!
//! musl lets a program have its own malloc, calloc, realloc, free and their like, and Rust's own allocator calls these.
#![expect(unsafe_code, reason = "an allocator deals in raw memory")]

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};

use dlmalloc::Dlmalloc;

/// What is taken from the system at a time, in bytes.
const CHUNK: usize = 1 << 20;

/// What malloc aligns a block to.
const ALIGN: usize = 2 * size_of::<usize>();

/// The one heap. Whoever has set `is_taken` has it alone.
struct Shared {
    is_taken: AtomicBool,
    heap: UnsafeCell<Dlmalloc>,
}

// SAFETY: the heap is only reached through `with`, which lets one thread in at a time.
unsafe impl Sync for Shared {}

static SHARED: Shared = Shared { is_taken: AtomicBool::new(false), heap: UnsafeCell::new(heap()) };

const fn heap() -> Dlmalloc {
    let mut heap = Dlmalloc::new();
    assert!(heap.set_granularity(CHUNK), "a power of two");
    heap
}

fn with<T>(work: impl FnOnce(&mut Dlmalloc) -> T) -> T {
    while SHARED.is_taken.swap(true, Ordering::Acquire) {
        // SAFETY: a system call without arguments.
        unsafe { libc::sched_yield() };
    }
    // SAFETY: no other thread has it, and `work` does not allocate.
    let done = work(unsafe { &mut *SHARED.heap.get() });
    SHARED.is_taken.store(false, Ordering::Release);
    done
}

// SAFETY: a program may have its own; so for all that follow. Their callers keep to ISO C and POSIX.
#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut c_void {
    // SAFETY: any size may be asked for.
    with(|heap| unsafe { heap.c_malloc(size).cast() })
}

// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, each: usize) -> *mut c_void {
    let Some(size) = count.checked_mul(each) else { return null_mut() };
    // SAFETY: any size may be asked for, with the alignment that malloc gives.
    with(|heap| unsafe { heap.calloc(size, ALIGN).cast() })
}

// SAFETY: as above.
#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller's block is from here, or null.
    with(|heap| unsafe { heap.c_realloc(block.cast(), size).cast() })
}

// SAFETY: as above.
#[unsafe(no_mangle)]
unsafe extern "C" fn free(block: *mut c_void) {
    // SAFETY: the caller's block is from here, or null.
    with(|heap| unsafe { heap.c_free(block.cast()) });
}

// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
    if !align.is_power_of_two() {
        return null_mut();
    }
    // SAFETY: a power of two.
    with(|heap| unsafe { heap.c_memalign(align, size).cast() })
}

// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn memalign(align: usize, size: usize) -> *mut c_void {
    aligned_alloc(align, size)
}

// SAFETY: as above.
#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(found: *mut *mut c_void, align: usize, size: usize) -> c_int {
    if !align.is_power_of_two() || align < size_of::<usize>() {
        return libc::EINVAL;
    }
    let block = aligned_alloc(align, size);
    if block.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: the caller gives a place for the result.
    unsafe { found.write(block) };
    0
}
