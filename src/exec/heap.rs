//! The allocator of the static build, for Rust and SQLite alike. That of musl takes pages from the system and gives them back for each
//! handful of blocks, some 140 system calls in a run that takes a millisecond.
//!
//! Blocks are cut from large chunks in classes of size, four to each doubling. A block that is freed is given out again in its own class;
//! only one of its own mapping goes back to the system. Every block is aligned to 16 bytes and has its capacity before it.
#![expect(unsafe_code, reason = "an allocator deals in raw memory")]

use std::ptr::null_mut;

/// Before each block: its capacity, and how far it lies behind the place where its memory begins.
#[repr(C, align(16))]
struct Header {
    capacity: usize,
    offset: usize,
}

const HEADER: usize = size_of::<Header>();

/// What is taken from the system at a time.
const CHUNK: usize = 1 << 20;

/// The capacity above which a block gets a mapping of its own.
const LARGEST: usize = 1 << 17;

/// Capacities up to this one are multiples of 16.
const SMALL: usize = 128;

const CLASSES: usize = 8 + 10 * 4;

/// All memory that was taken, and what of it is free.
pub(super) struct Heap {
    /// For each class the first free block, which holds the address of the next.
    free: [*mut u8; CLASSES],
    /// The rest of the newest chunk.
    next: *mut u8,
    left: usize,
}

/// Returns the class of blocks of `size` bytes, and what they hold.
fn class(size: usize) -> (usize, usize) {
    if size <= SMALL {
        let capacity = size.max(1).next_multiple_of(16);
        return (capacity / 16 - 1, capacity);
    }
    let power = (size - 1).ilog2() as usize;
    let step = 1 << (power - 2);
    let capacity = size.next_multiple_of(step);
    (8 + (power - 7) * 4 + (capacity - (1 << power)) / step - 1, capacity)
}

impl Heap {
    pub(super) const fn new() -> Heap {
        Heap { free: [null_mut(); CLASSES], next: null_mut(), left: 0 }
    }

    /// Returns a block of at least `size` bytes and whether they are zero for certain; null where the system has no memory left.
    pub(super) fn take(&mut self, size: usize) -> (*mut u8, bool) {
        if size > LARGEST {
            return (map_block(size), true);
        }
        let (class, capacity) = class(size);
        let first = self.free[class];
        if !first.is_null() {
            // SAFETY: a free block holds the address of the next, which was written when it was given back.
            self.free[class] = unsafe { first.cast::<*mut u8>().read() };
            return (first, false);
        }
        (self.cut(capacity), true)
    }

    /// Returns a block of `size` bytes whose address is a multiple of `align`, a power of two.
    pub(super) fn take_aligned(&mut self, size: usize, align: usize) -> *mut u8 {
        if align <= HEADER {
            return self.take(size).0;
        }
        let Some(room) = size.checked_add(align) else { return null_mut() };
        let (block, _) = self.take(room);
        if block.is_null() {
            return block;
        }
        let offset = block.align_offset(align);
        if offset == 0 {
            return block;
        }
        // SAFETY: the block holds `size + align` bytes, `offset` is a multiple of 16 below `align`, so the header before the
        // address and the `size` bytes behind it lie inside.
        unsafe {
            let capacity = header(block).read().capacity;
            let aligned = block.add(offset);
            header(aligned).write(Header { capacity: capacity - offset, offset });
            aligned
        }
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// `block` is from this heap and is not used any more.
    pub(super) unsafe fn give_back(&mut self, block: *mut u8) {
        // SAFETY: each block has its header before it, and one behind the beginning of its memory says how far.
        unsafe {
            let Header { capacity, offset } = header(block).read();
            let (block, capacity) = (block.sub(offset), capacity + offset);
            if capacity > LARGEST {
                libc::munmap(block.sub(HEADER).cast(), capacity + HEADER);
                return;
            }
            let (class, _) = class(capacity);
            block.cast::<*mut u8>().write(self.free[class]);
            self.free[class] = block;
        }
    }

    /// Returns a block of `size` bytes that begins as `block` does; null where there is no memory, and then `block` stays.
    ///
    /// # Safety
    /// `block` is from this heap, and is not used any more unless null is returned.
    pub(super) unsafe fn resize(&mut self, block: *mut u8, size: usize) -> *mut u8 {
        // SAFETY: as for `give_back`; both blocks hold what is copied.
        unsafe {
            let Header { capacity, offset } = header(block).read();
            let is_much_smaller = capacity > SMALL && size < capacity / 4;
            if size <= capacity && !is_much_smaller {
                return block;
            }
            if capacity > LARGEST && size > LARGEST && offset == 0 {
                return remap_block(block, capacity, size);
            }
            let (new, _) = self.take(size);
            if !new.is_null() {
                block.copy_to_nonoverlapping(new, capacity.min(size));
                self.give_back(block);
            }
            new
        }
    }

    /// Cuts a block from the chunk; the rest of a chunk that is too short for it is left.
    fn cut(&mut self, capacity: usize) -> *mut u8 {
        let room = capacity + HEADER;
        if room > self.left {
            let chunk = map(CHUNK);
            if chunk.is_null() {
                return chunk;
            }
            (self.next, self.left) = (chunk, CHUNK);
        }
        // SAFETY: the chunk has `room` bytes left, and stays for ever.
        unsafe {
            let block = self.next.add(HEADER);
            header(block).write(Header { capacity, offset: 0 });
            self.next = self.next.add(room);
            self.left -= room;
            block
        }
    }
}

/// Returns how many bytes `block` holds.
///
/// # Safety
/// It is a block of a heap.
pub(super) unsafe fn capacity(block: *mut u8) -> usize {
    // SAFETY: each block has its header before it.
    unsafe { header(block).read().capacity }
}

/// # Safety
/// `block` is one, or will be.
unsafe fn header(block: *mut u8) -> *mut Header {
    // SAFETY: memory begins at least a header before a block.
    unsafe { block.sub(HEADER).cast() }
}

/// Returns `size` bytes of fresh memory, which is zero; null where there is none.
fn map(size: usize) -> *mut u8 {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping touches no other memory.
    let found = unsafe { libc::mmap(null_mut(), size, access, kind, -1, 0) };
    if found == libc::MAP_FAILED { null_mut() } else { found.cast() }
}

/// Returns how long the mapping of a large block is.
fn length(size: usize) -> Option<usize> {
    size.checked_add(HEADER)?.checked_next_multiple_of(1 << 14)
}

fn map_block(size: usize) -> *mut u8 {
    let Some(length) = length(size) else { return null_mut() };
    let memory = map(length);
    if memory.is_null() {
        return memory;
    }
    // SAFETY: the mapping is longer than a header.
    unsafe {
        let block = memory.add(HEADER);
        header(block).write(Header { capacity: length - HEADER, offset: 0 });
        block
    }
}

/// # Safety
/// `block` has a mapping of its own for `capacity` bytes, and is not used any more unless null is returned.
#[cfg(target_os = "linux")]
unsafe fn remap_block(block: *mut u8, capacity: usize, size: usize) -> *mut u8 {
    let Some(length) = length(size) else { return null_mut() };
    // SAFETY: the mapping begins a header before the block.
    unsafe {
        let memory = block.sub(HEADER).cast();
        let moved = libc::mremap(memory, capacity + HEADER, length, libc::MREMAP_MAYMOVE);
        if moved == libc::MAP_FAILED {
            return null_mut();
        }
        let block = moved.cast::<u8>().add(HEADER);
        header(block).write(Header { capacity: length - HEADER, offset: 0 });
        block
    }
}

/// # Safety
/// As for the one above.
#[cfg(not(target_os = "linux"))]
unsafe fn remap_block(block: *mut u8, capacity: usize, size: usize) -> *mut u8 {
    let new = map_block(size);
    if !new.is_null() {
        // SAFETY: both hold what is copied; the old mapping begins a header before the block.
        unsafe {
            block.copy_to_nonoverlapping(new, capacity.min(size));
            libc::munmap(block.sub(HEADER).cast(), capacity + HEADER);
        }
    }
    new
}

/// The C library's names, which Rust's own allocator calls too (musl allows to replace them: malloc, calloc, realloc, free and their like).
#[cfg(target_env = "musl")]
mod names {
    use std::cell::UnsafeCell;
    use std::ffi::{c_int, c_void};
    use std::ptr::null_mut;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::{Heap, capacity};

    /// The one heap. Whoever has set `is_taken` has it to himself.
    struct Shared {
        is_taken: AtomicBool,
        heap: UnsafeCell<Heap>,
    }

    // SAFETY: the heap is only reached through `with`, which lets one thread in at a time.
    unsafe impl Sync for Shared {}

    static SHARED: Shared = Shared { is_taken: AtomicBool::new(false), heap: UnsafeCell::new(Heap::new()) };

    fn with<T>(work: impl FnOnce(&mut Heap) -> T) -> T {
        while SHARED.is_taken.swap(true, Ordering::Acquire) {
            // SAFETY: a system call without arguments.
            unsafe { libc::sched_yield() };
        }
        // SAFETY: no other thread has it, and `work` neither panics nor allocates.
        let done = work(unsafe { &mut *SHARED.heap.get() });
        SHARED.is_taken.store(false, Ordering::Release);
        done
    }

    // SAFETY: musl lets a program have its own; so for all that follow. Their callers keep to ISO C and POSIX.
    #[unsafe(no_mangle)]
    extern "C" fn malloc(size: usize) -> *mut c_void {
        with(|heap| heap.take(size).0.cast())
    }

    // SAFETY: as above.
    #[unsafe(no_mangle)]
    extern "C" fn calloc(count: usize, each: usize) -> *mut c_void {
        let Some(size) = count.checked_mul(each) else { return null_mut() };
        let (block, is_zero) = with(|heap| heap.take(size));
        if !block.is_null() && !is_zero {
            // SAFETY: the block holds at least `size` bytes.
            unsafe { block.write_bytes(0, size) };
        }
        block.cast()
    }

    // SAFETY: as above.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
        if block.is_null() {
            return malloc(size);
        }
        // SAFETY: the caller's block is from here.
        with(|heap| unsafe { heap.resize(block.cast(), size).cast() })
    }

    // SAFETY: as above.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn free(block: *mut c_void) {
        if !block.is_null() {
            // SAFETY: the caller's block is from here.
            with(|heap| unsafe { heap.give_back(block.cast()) });
        }
    }

    // SAFETY: as above.
    #[unsafe(no_mangle)]
    extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
        if !align.is_power_of_two() {
            return null_mut();
        }
        with(|heap| heap.take_aligned(size, align).cast())
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

    // SAFETY: as above.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn malloc_usable_size(block: *mut c_void) -> usize {
        // SAFETY: the caller's block is from here.
        if block.is_null() { 0 } else { unsafe { capacity(block.cast()) } }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Heap, LARGEST, capacity, class};

    #[test]
    fn a_class_holds_what_is_asked_for_and_wastes_a_quarter_at_most() {
        let mut last = (0, 16);
        for size in 1..=LARGEST {
            let (index, capacity) = class(size);
            assert!(capacity >= size && capacity % 16 == 0, "{size} in {capacity}");
            assert!(capacity <= size.max(16) + 15 || capacity * 4 <= size * 5, "{size} in {capacity}");
            assert!((index, capacity) == last || index == last.0 + 1, "{size}: class {index}");
            assert_eq!(class(capacity), (index, capacity));
            last = (index, capacity);
        }
        assert_eq!(last.0, super::CLASSES - 1);
    }

    #[test]
    fn what_is_freed_is_given_out_again() {
        let mut heap = Heap::new();
        let (first, is_zero) = heap.take(100);
        assert!(is_zero && !first.is_null());
        // SAFETY: the block is from this heap and not used any more.
        unsafe { heap.give_back(first) };
        assert_eq!(heap.take(111), (first, false));
    }

    #[test]
    fn there_is_no_block_of_more_than_all_memory() {
        let mut heap = Heap::new();
        assert!(heap.take(usize::MAX).0.is_null());
        assert!(heap.take_aligned(usize::MAX, 64).is_null());
    }

    proptest! {
        /// Whatever is taken, resized and given back, in whatever order: no two blocks share a byte.
        #[test]
        fn blocks_keep_what_is_written_to_them(
            steps in prop::collection::vec((0usize..4, 0usize..8, 0usize..300_000, 0u32..13), 0..60)
        ) {
            let mut heap = Heap::new();
            let mut held: Vec<(*mut u8, usize, u8)> = Vec::new();
            for (number, (what, which, size, align)) in steps.into_iter().enumerate() {
                let mark = number as u8;
                // SAFETY: every pointer in `held` is a block of this heap with at least so many bytes.
                unsafe {
                    match (what, held.is_empty()) {
                        (0, _) | (_, true) => {
                            let size = size >> (align % 8);
                            let block = heap.take_aligned(size, 1 << align);
                            prop_assert!(capacity(block) >= size);
                            prop_assert_eq!(block as usize % (1usize << align).max(16), 0);
                            block.write_bytes(mark, size);
                            held.push((block, size, mark));
                        }
                        (1, false) => {
                            let (block, _, _) = held.swap_remove(which % held.len());
                            heap.give_back(block);
                        }
                        (_, false) => {
                            let at = which % held.len();
                            let (block, old, mark) = held[at];
                            let block = heap.resize(block, size);
                            let kept = std::slice::from_raw_parts(block, old.min(size));
                            prop_assert!(kept.iter().all(|byte| *byte == mark));
                            block.write_bytes(mark, size);
                            held[at] = (block, size, mark);
                        }
                    }
                    for (block, size, mark) in &held {
                        let bytes = std::slice::from_raw_parts(*block, *size);
                        prop_assert!(bytes.iter().all(|byte| byte == mark));
                    }
                }
            }
        }
    }
}
