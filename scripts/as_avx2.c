// SPDX-License-Identifier: Apache-2.0

// An object for LD_PRELOAD that answers for the instruction CPUID in libraries of which
// as_avx2.py made copies. There the instruction is UD1, which the processor refuses, so that
// the system calls the handler below. The handler executes CPUID itself and leaves out of the
// answer AVX-512, VNNI, AMX and AVX10.

#define _GNU_SOURCE // for the names of registers
#include <cpuid.h>
#include <signal.h>
#include <ucontext.h>

// The number of answers about these extensions, which peer_runtimes.py reads.
unsigned long as_avx2_answers;

static void answer(int number, siginfo_t *info, void *context) {
	greg_t *reg = ((ucontext_t *)context)->uc_mcontext.gregs;
	const unsigned char *at = (const unsigned char *)reg[REG_RIP];
	unsigned leaf = reg[REG_RAX], subleaf = reg[REG_RCX], a, b, c, d;

	if (at[0] != 0x0f || at[1] != 0xb9) { // some other fault: it comes again and ends the process
		signal(SIGILL, SIG_DFL);
		return;
	}
	__cpuid_count(leaf, subleaf, a, b, c, d);
	if (leaf == 7) {
		__atomic_add_fetch(&as_avx2_answers, 1, __ATOMIC_RELAXED);
		if (subleaf > 0)
			b = c = d = 0; // subleaf 1 has AVX-VNNI, AVX-VNNI-INT8 and AVX10
		a = 0; // in subleaf 0 the number of the last subleaf
		b &= ~0xdc230000u; // AVX512F, DQ, IFMA, PF, ER, CD, BW and VL
		c &= ~0x00005842u; // AVX512_VBMI, VBMI2, VNNI, BITALG and VPOPCNTDQ
		d &= ~0x03c0010cu; // AVX512_4VNNIW, 4FMAPS, VP2INTERSECT and FP16, and AMX
	}
	reg[REG_RAX] = a;
	reg[REG_RBX] = b;
	reg[REG_RCX] = c;
	reg[REG_RDX] = d;
	reg[REG_RIP] += 2;
}

__attribute__((constructor)) static void install(void) {
	struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO};
	sigaction(SIGILL, &action, 0);
}
