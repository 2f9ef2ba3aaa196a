// SPDX-License-Identifier: Apache-2.0

#include "go_asm.h"
#include "textflag.h"

// Kernels for AVX-VNNI.

// DOT adds the products of unsigned bytes in Y(x) and signed bytes in Y(w) to Y(acc), for
// numbers of registers. Go's assembler knows VPDPBUSD with the prefix of AVX-512 alone;
// this is its form with the three-byte prefix VEX, VEX.256.66.0F38.W0 50 /r.
#define DOT(w, x, acc) \
	BYTE $0xC4; \
	BYTE $(0xE2 - acc/8*0x80 - w/8*0x20); \
	BYTE $(0x7D - x*8); \
	BYTE $0x50; \
	BYTE $(0xC0 + acc%8*8 + w%8)

// STEP multiplies a broadcast step by the weights of a block, in Y12 and Y13.
#define STEP(from, lo, hi) \
	VPBROADCASTD from, Y14; \
	DOT(12, 14, lo); \
	DOT(13, 14, hi)

// STORE stores a row of a block.
#define STORE(at, lo, hi) \
	VMOVDQU lo, at(DI); \
	VMOVDQU hi, (at+32)(DI)

// func dotTiles(acc *int32, a *byte, p *Patch, tiles int, w *int8, bias *int32)
//
// Six rows of a tile by one block.
TEXT ·dotTiles(SB), NOSPLIT, $0-48
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

tile:
	MOVQ R13, AX
	LEAQ (AX)(CX*1), DX
	MOVQ w+32(FP), SI
	VMOVDQU (R15), Y0
	VMOVDQU 32(R15), Y1
	VMOVDQA Y0, Y2
	VMOVDQA Y1, Y3
	VMOVDQA Y0, Y4
	VMOVDQA Y1, Y5
	VMOVDQA Y0, Y6
	VMOVDQA Y1, Y7
	VMOVDQA Y0, Y8
	VMOVDQA Y1, Y9
	VMOVDQA Y0, Y10
	VMOVDQA Y1, Y11
	MOVQ Patch_Lines(R14), R10

line:
	MOVQ R8, R12

step:
	VMOVDQU (SI), Y12
	VMOVDQU 32(SI), Y13
	STEP((AX), 0, 1)
	STEP((AX)(BX*1), 2, 3)
	STEP((AX)(BX*2), 4, 5)
	STEP((DX), 6, 7)
	STEP((DX)(BX*1), 8, 9)
	STEP((DX)(BX*2), 10, 11)
	ADDQ $64, SI
	ADDQ $4, AX
	ADDQ $4, DX
	DECQ R12
	JNZ  step
	ADDQ R9, AX
	ADDQ R9, DX
	DECQ R10
	JNZ  line

	STORE(0, Y0, Y1)
	STORE(64, Y2, Y3)
	STORE(128, Y4, Y5)
	STORE(192, Y6, Y7)
	STORE(256, Y8, Y9)
	STORE(320, Y10, Y11)
	ADDQ $384, DI
	LEAQ (R13)(CX*2), R13
	DECQ R11
	JNZ  tile
	VZEROUPPER
	RET

// func dotRows(acc *int32, a *byte, p *Patch, rows int, w *int8, bias *int32)
//
// Single rows by one block; four sums hide the latency.
TEXT ·dotRows(SB), NOSPLIT, $0-48
	MOVQ acc+0(FP), DI
	MOVQ a+8(FP), R13
	MOVQ p+16(FP), R9
	MOVQ rows+24(FP), R11
	MOVQ bias+40(FP), R15
	MOVQ Patch_Row(R9), BX
	MOVQ Patch_Steps(R9), R8

row:
	MOVQ R13, R12
	MOVQ Patch_Lines(R9), R10
	MOVQ w+32(FP), SI
	VMOVDQU (R15), Y0
	VMOVDQU 32(R15), Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	VPXOR Y6, Y6, Y6
	VPXOR Y7, Y7, Y7

line:
	MOVQ R12, AX
	MOVQ R8, R14
	SUBQ $4, R14
	JLT  rest

four:
	VMOVDQU (SI), Y12
	VMOVDQU 32(SI), Y13
	STEP((AX), 0, 1)
	VMOVDQU 64(SI), Y12
	VMOVDQU 96(SI), Y13
	STEP(4(AX), 2, 3)
	VMOVDQU 128(SI), Y12
	VMOVDQU 160(SI), Y13
	STEP(8(AX), 4, 5)
	VMOVDQU 192(SI), Y12
	VMOVDQU 224(SI), Y13
	STEP(12(AX), 6, 7)
	ADDQ $256, SI
	ADDQ $16, AX
	SUBQ $4, R14
	JGE  four

rest:
	ADDQ $4, R14
	JZ   next

step:
	VMOVDQU (SI), Y12
	VMOVDQU 32(SI), Y13
	STEP((AX), 0, 1)
	ADDQ $64, SI
	ADDQ $4, AX
	DECQ R14
	JNZ  step

next:
	ADDQ Patch_Line(R9), R12
	DECQ R10
	JNZ  line
	VPADDD Y2, Y0, Y0
	VPADDD Y3, Y1, Y1
	VPADDD Y6, Y4, Y4
	VPADDD Y7, Y5, Y5
	VPADDD Y4, Y0, Y0
	VPADDD Y5, Y1, Y1
	STORE(0, Y0, Y1)
	ADDQ $64, DI
	ADDQ BX, R13
	DECQ R11
	JNZ  row
	VZEROUPPER
	RET

// TAP multiplies a column's bytes at the base and the index by the weights of a block, in
// Y12 and Y13.
#define TAP(base, index, lo, hi) \
	VMOVDQU (base)(index), Y14; \
	VMOVDQU 32(base)(index), Y15; \
	DOT(12, 14, lo); \
	DOT(13, 15, hi)

// func dotColumns(acc *int32, x *byte, columns, stride int, offsets *int, n int, w *int8, bias *int32)
TEXT ·dotColumns(SB), NOSPLIT, $0-64
	MOVQ acc+0(FP), DI
	MOVQ x+8(FP), R13
	MOVQ columns+16(FP), R11
	MOVQ stride+24(FP), BX
	MOVQ offsets+32(FP), R8
	MOVQ n+40(FP), R9
	MOVQ w+48(FP), R10
	MOVQ bias+56(FP), R15
	VMOVDQU (R15), Y10
	VMOVDQU 32(R15), Y11
	XORQ R12, R12
	LEAQ (BX)(BX*2), CX
	SUBQ $4, R11
	JLT  single

four:
	VMOVDQA Y10, Y0
	VMOVDQA Y11, Y1
	VMOVDQA Y10, Y2
	VMOVDQA Y11, Y3
	VMOVDQA Y10, Y4
	VMOVDQA Y11, Y5
	VMOVDQA Y10, Y6
	VMOVDQA Y11, Y7
	XORQ R14, R14
	MOVQ R10, SI

tap:
	MOVQ (R8)(R14*8), AX
	ADDQ R13, AX
	VMOVDQU (SI), Y12
	VMOVDQU 32(SI), Y13
	TAP(AX, R12*1, 0, 1)
	TAP(AX, BX*1, 2, 3)
	TAP(AX, BX*2, 4, 5)
	TAP(AX, CX*1, 6, 7)
	ADDQ $64, SI
	INCQ R14
	CMPQ R14, R9
	JLT  tap

	STORE(0, Y0, Y1)
	STORE(64, Y2, Y3)
	STORE(128, Y4, Y5)
	STORE(192, Y6, Y7)
	ADDQ $256, DI
	LEAQ (R13)(BX*4), R13
	SUBQ $4, R11
	JGE  four

single:
	ADDQ $4, R11
	JZ   done

column:
	VMOVDQA Y10, Y0
	VMOVDQA Y11, Y1
	XORQ R14, R14
	MOVQ R10, SI

one:
	MOVQ (R8)(R14*8), AX
	VMOVDQU (SI), Y12
	VMOVDQU 32(SI), Y13
	TAP(R13, AX*1, 0, 1)
	ADDQ $64, SI
	INCQ R14
	CMPQ R14, R9
	JLT  one
	STORE(0, Y0, Y1)
	ADDQ $64, DI
	ADDQ BX, R13
	DECQ R11
	JNZ  column

done:
	VZEROUPPER
	RET

#define LOAD(at, lo, hi) \
	VMOVDQU at(DI), lo; \
	VMOVDQU (at+32)(DI), hi

// func dotOuter(kv, sum *int32, k, v *byte, stride, steps int)
//
// The sums of the bytes of k, then four rows of kv at a time.
TEXT ·dotOuter(SB), NOSPLIT, $0-48
	MOVQ sum+8(FP), DI
	MOVQ k+16(FP), SI
	MOVQ stride+32(FP), BX
	MOVQ steps+40(FP), CX
	MOVL $0x01010101, AX
	VMOVD AX, X12
	VPBROADCASTD X12, Y12
	VPSLLD $7, Y12, Y15
	LOAD(0, Y0, Y1)

sums:
	VMOVDQU (SI), Y13
	VMOVDQU 32(SI), Y14
	DOT(12, 13, 0)
	DOT(12, 14, 1)
	ADDQ BX, SI
	DECQ CX
	JNZ  sums
	STORE(0, Y0, Y1)

	MOVQ kv+0(FP), DI
	MOVQ k+16(FP), R8
	MOVQ $4, R10

rows:
	MOVQ R8, SI
	MOVQ v+24(FP), R9
	MOVQ steps+40(FP), CX
	LOAD(0, Y0, Y1)
	LOAD(64, Y2, Y3)
	LOAD(128, Y4, Y5)
	LOAD(192, Y6, Y7)

step:
	VPXOR (R9), Y15, Y12
	VPXOR 32(R9), Y15, Y13
	STEP((SI), 0, 1)
	STEP(4(SI), 2, 3)
	STEP(8(SI), 4, 5)
	STEP(12(SI), 6, 7)
	ADDQ BX, SI
	ADDQ BX, R9
	DECQ CX
	JNZ  step
	STORE(0, Y0, Y1)
	STORE(64, Y2, Y3)
	STORE(128, Y4, Y5)
	STORE(192, Y6, Y7)
	ADDQ $256, DI
	ADDQ $16, R8
	DECQ R10
	JNZ  rows
	VZEROUPPER
	RET
