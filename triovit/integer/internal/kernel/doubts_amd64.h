// SPDX-License-Identifier: Apache-2.0

// DOUBTS sets the bit of R13 in AX if a lane has a bit in R12.
#define DOUBTS \
	NEGL R12; \
	SBBQ R12, R12; \
	ANDQ R13, R12; \
	ORQ R12, AX
