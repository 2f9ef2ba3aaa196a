// SPDX-License-Identifier: Apache-2.0

#include "go_asm.h"
#include "textflag.h"

// Products of bytes for AVX2. VPMADDUBSW saturates, so bytes are multiplied as pairs of
// 16-bit numbers: the even bytes of four, and the odd ones. Y15 has the mask of the even
// bytes.

// WEIGHTS loads the weights of a block: the even and the odd ones of eight channels into
// Y8 and Y9, those of the next eight into Y10 and Y11.
#define WEIGHTS \
	VMOVDQU (SI), Y9; \
	VMOVDQU 32(SI), Y11; \
	VPSLLW $8, Y9, Y8; \
	VPSLLW $8, Y11, Y10; \
	VPSRAW $8, Y8, Y8; \
	VPSRAW $8, Y10, Y10; \
	VPSRAW $8, Y9, Y9; \
	VPSRAW $8, Y11, Y11

// STEP multiplies four bytes, in every lane, by the weights of a block.
#define STEP(from, lo, hi) \
	VPBROADCASTD from, Y12; \
	VPAND Y15, Y12, Y13; \
	VPSRLW $8, Y12, Y12; \
	VPMADDWD Y8, Y13, Y14; \
	VPMADDWD Y10, Y13, Y13; \
	VPADDD Y14, lo, lo; \
	VPADDD Y13, hi, hi; \
	VPMADDWD Y9, Y12, Y14; \
	VPMADDWD Y11, Y12, Y12; \
	VPADDD Y14, lo, lo; \
	VPADDD Y12, hi, hi

// EVEN sets the mask of the even bytes.
#define EVEN \
	VPCMPEQW Y15, Y15, Y15; \
	VPSRLW $8, Y15, Y15

#define STORE(at, lo, hi) \
	VMOVDQU lo, at(DI); \
	VMOVDQU hi, (at+32)(DI)

// func pairTiles(acc *int32, a *byte, p *Patch, tiles int, w *int8, bias *int32)
//
// Four rows of a tile by one block.
TEXT ·pairTiles(SB), NOSPLIT, $0-48
	MOVQ acc+0(FP), DI
	MOVQ a+8(FP), R13
	MOVQ p+16(FP), R14
	MOVQ tiles+24(FP), R11
	MOVQ bias+40(FP), R15
	MOVQ Patch_Row(R14), BX
	MOVQ Patch_Steps(R14), R8
	LEAQ (R8*4), AX
	MOVQ Patch_Line(R14), R9
	SUBQ AX, R9                // bytes between two lines
	LEAQ (BX)(BX*2), CX
	EVEN

tile:
	MOVQ R13, AX
	MOVQ w+32(FP), SI
	VMOVDQU (R15), Y0
	VMOVDQU 32(R15), Y1
	VMOVDQA Y0, Y2
	VMOVDQA Y1, Y3
	VMOVDQA Y0, Y4
	VMOVDQA Y1, Y5
	VMOVDQA Y0, Y6
	VMOVDQA Y1, Y7
	MOVQ Patch_Lines(R14), R10

line:
	MOVQ R8, R12

step:
	WEIGHTS
	STEP((AX), Y0, Y1)
	STEP((AX)(BX*1), Y2, Y3)
	STEP((AX)(BX*2), Y4, Y5)
	STEP((AX)(CX*1), Y6, Y7)
	ADDQ $64, SI
	ADDQ $4, AX
	DECQ R12
	JNZ  step
	ADDQ R9, AX
	DECQ R10
	JNZ  line

	STORE(0, Y0, Y1)
	STORE(64, Y2, Y3)
	STORE(128, Y4, Y5)
	STORE(192, Y6, Y7)
	ADDQ $256, DI
	LEAQ (R13)(BX*4), R13
	DECQ R11
	JNZ  tile
	VZEROUPPER
	RET

// func pairRows(acc *int32, a *byte, p *Patch, rows int, w *int8, bias *int32)
//
// Single rows by one block.
TEXT ·pairRows(SB), NOSPLIT, $0-48
	MOVQ acc+0(FP), DI
	MOVQ a+8(FP), R13
	MOVQ p+16(FP), R14
	MOVQ rows+24(FP), R11
	MOVQ bias+40(FP), R15
	MOVQ Patch_Row(R14), BX
	MOVQ Patch_Steps(R14), R8
	LEAQ (R8*4), AX
	MOVQ Patch_Line(R14), R9
	SUBQ AX, R9
	EVEN

row:
	MOVQ R13, AX
	MOVQ w+32(FP), SI
	VMOVDQU (R15), Y0
	VMOVDQU 32(R15), Y1
	MOVQ Patch_Lines(R14), R10

line:
	MOVQ R8, R12

step:
	WEIGHTS
	STEP((AX), Y0, Y1)
	ADDQ $64, SI
	ADDQ $4, AX
	DECQ R12
	JNZ  step
	ADDQ R9, AX
	DECQ R10
	JNZ  line
	STORE(0, Y0, Y1)
	ADDQ $64, DI
	ADDQ BX, R13
	DECQ R11
	JNZ  row
	VZEROUPPER
	RET
