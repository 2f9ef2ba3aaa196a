// SPDX-License-Identifier: Apache-2.0

//go:build xla

package xla

// XLA takes the memory of all tensors of a run in one piece and frees it
// afterwards. glibc maps a piece of more than 32 MiB anew each time, and the
// system clears it page by page: two fifths of the time of Seg-B0 at 960 × 704.
// So malloc maps nothing, and gives the end of its heap back only where more than
// 1 GiB is free there. It uses one arena, since those of threads hold no piece of
// more than 64 MiB; a thread has its arena once it has allocated something, hence
// the constructor.

// #include <stdlib.h>
// #ifdef __GLIBC__
// #include <malloc.h>
//
// __attribute__((constructor)) static void keep_memory(void) {
// 	mallopt(M_ARENA_MAX, 1);
// 	mallopt(M_MMAP_MAX, 0);
// 	mallopt(M_TRIM_THRESHOLD, 1 << 30);
// }
// #endif
import "C"
