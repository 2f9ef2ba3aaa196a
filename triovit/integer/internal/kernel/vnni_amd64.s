// SPDX-License-Identifier: Apache-2.0

#include "go_asm.h"
#include "textflag.h"
#include "doubts_amd64.h"

// Kernels for AVX-512 with VNNI. Everywhere K1 has the even lanes of sixteen.

// PATCH sets BX to a row's bytes, and between to what lies between two lines, of the
// Patch in R14.
#define PATCH \
	MOVQ Patch_Row(R14), BX \
	MOVQ Patch_Steps(R14), AX \
	NEGQ AX \
	SHLQ $2, AX \
	ADDQ Patch_Line(R14), AX \
	MOVQ AX, between-16(SP)

// LINES sets lines to the number of lines.
#define LINES \
	MOVQ p+24(FP), R14 \
	MOVQ Patch_Lines(R14), R14 \
	MOVQ R14, lines-8(SP)

// DOT4 multiplies a broadcast step of a row by the weights of four blocks.
#define DOT4(from, a0, a1, a2, a3) \
	VPBROADCASTD from, Z28 \
	VPDPBUSD Z24, Z28, a0 \
	VPDPBUSD Z25, Z28, a1 \
	VPDPBUSD Z26, Z28, a2 \
	VPDPBUSD Z27, Z28, a3

#define DOT2(from, a0, a1) \
	VPBROADCASTD from, Z28 \
	VPDPBUSD Z24, Z28, a0 \
	VPDPBUSD Z25, Z28, a1

#define DOT1(from, a0) \
	VPBROADCASTD from, Z28 \
	VPDPBUSD Z24, Z28, a0

// ROW4 and ROW2 begin a row with the biases of its blocks, which the first row has.
#define ROW4(a0, a1, a2, a3) \
	VMOVDQA32 Z0, a0 \
	VMOVDQA32 Z1, a1 \
	VMOVDQA32 Z2, a2 \
	VMOVDQA32 Z3, a3

#define ROW2(a0, a1) \
	VMOVDQA32 Z0, a0 \
	VMOVDQA32 Z1, a1

// STORE4 and STORE2 store a row of the blocks at DI, and two more at SI.
#define STORE4(at, a0, a1, a2, a3) \
	VMOVDQU32 a0, at(DI) \
	VMOVDQU32 a1, at(DI)(R12*1) \
	VMOVDQU32 a2, at(SI) \
	VMOVDQU32 a3, at(SI)(R12*1)

#define STORE2(at, a0, a1) \
	VMOVDQU32 a0, at(DI) \
	VMOVDQU32 a1, at(DI)(R12*1)

// func multiply4(acc *int32, block int, a *byte, p *Patch, tiles int, w *int8, bias *int32)
//
// Six rows of a tile by four blocks, whose accumulators are block bytes apart.
TEXT ·multiply4(SB), NOSPLIT, $16-56
	MOVQ acc+0(FP), DI
	MOVQ block+8(FP), R12
	MOVQ a+16(FP), R13
	MOVQ p+24(FP), R14
	MOVQ tiles+32(FP), R11
	MOVQ bias+48(FP), R15
	PATCH
	MOVQ Patch_Steps(R14), R10
	MOVQ R10, R8
	IMULQ Patch_Lines(R14), R8
	SHLQ $6, R8                // bytes of a block of weights
	LEAQ (R8)(R8*2), R9
	LEAQ (BX)(BX*2), CX

tile:
	MOVQ R13, AX
	LEAQ (AX)(CX*1), DX
	MOVQ w+40(FP), SI
	VMOVDQU32 (R15), Z0
	VMOVDQU32 64(R15), Z1
	VMOVDQU32 128(R15), Z2
	VMOVDQU32 192(R15), Z3
	ROW4(Z4, Z5, Z6, Z7)
	ROW4(Z8, Z9, Z10, Z11)
	ROW4(Z12, Z13, Z14, Z15)
	ROW4(Z16, Z17, Z18, Z19)
	ROW4(Z20, Z21, Z22, Z23)
	LINES

line:
	MOVQ R10, R14

step:
	VMOVDQU32 (SI), Z24
	VMOVDQU32 (SI)(R8*1), Z25
	VMOVDQU32 (SI)(R8*2), Z26
	VMOVDQU32 (SI)(R9*1), Z27
	DOT4((AX), Z0, Z1, Z2, Z3)
	DOT4((AX)(BX*1), Z4, Z5, Z6, Z7)
	DOT4((AX)(BX*2), Z8, Z9, Z10, Z11)
	DOT4((DX), Z12, Z13, Z14, Z15)
	DOT4((DX)(BX*1), Z16, Z17, Z18, Z19)
	DOT4((DX)(BX*2), Z20, Z21, Z22, Z23)
	ADDQ $64, SI
	ADDQ $4, AX
	ADDQ $4, DX
	DECQ R14
	JNZ  step
	ADDQ between-16(SP), AX
	ADDQ between-16(SP), DX
	DECQ lines-8(SP)
	JNZ  line

	LEAQ (DI)(R12*2), SI
	STORE4(0, Z0, Z1, Z2, Z3)
	STORE4(64, Z4, Z5, Z6, Z7)
	STORE4(128, Z8, Z9, Z10, Z11)
	STORE4(192, Z12, Z13, Z14, Z15)
	STORE4(256, Z16, Z17, Z18, Z19)
	STORE4(320, Z20, Z21, Z22, Z23)
	ADDQ $384, DI
	LEAQ (R13)(CX*2), R13
	DECQ R11
	JNZ  tile
	VZEROUPPER
	RET

// func multiply2(acc *int32, block int, a *byte, p *Patch, tiles int, w *int8, bias *int32)
//
// Twelve rows of a tile by two blocks.
TEXT ·multiply2(SB), NOSPLIT, $16-56
	MOVQ acc+0(FP), DI
	MOVQ block+8(FP), R12
	MOVQ a+16(FP), R13
	MOVQ p+24(FP), R14
	MOVQ tiles+32(FP), R11
	MOVQ bias+48(FP), R15
	PATCH
	MOVQ Patch_Steps(R14), R8
	IMULQ Patch_Lines(R14), R8
	SHLQ $6, R8
	LEAQ (BX)(BX*2), CX

tile:
	MOVQ R13, AX
	LEAQ (AX)(CX*1), DX
	LEAQ (AX)(CX*2), R9
	LEAQ (DX)(CX*2), R10
	MOVQ w+40(FP), SI
	VMOVDQU32 (R15), Z0
	VMOVDQU32 64(R15), Z1
	ROW2(Z2, Z3)
	ROW2(Z4, Z5)
	ROW2(Z6, Z7)
	ROW2(Z8, Z9)
	ROW2(Z10, Z11)
	ROW2(Z12, Z13)
	ROW2(Z14, Z15)
	ROW2(Z16, Z17)
	ROW2(Z18, Z19)
	ROW2(Z20, Z21)
	ROW2(Z22, Z23)
	LINES

line:
	MOVQ p+24(FP), R14
	MOVQ Patch_Steps(R14), R14

step:
	VMOVDQU32 (SI), Z24
	VMOVDQU32 (SI)(R8*1), Z25
	DOT2((AX), Z0, Z1)
	DOT2((AX)(BX*1), Z2, Z3)
	DOT2((AX)(BX*2), Z4, Z5)
	DOT2((DX), Z6, Z7)
	DOT2((DX)(BX*1), Z8, Z9)
	DOT2((DX)(BX*2), Z10, Z11)
	DOT2((R9), Z12, Z13)
	DOT2((R9)(BX*1), Z14, Z15)
	DOT2((R9)(BX*2), Z16, Z17)
	DOT2((R10), Z18, Z19)
	DOT2((R10)(BX*1), Z20, Z21)
	DOT2((R10)(BX*2), Z22, Z23)
	ADDQ $64, SI
	ADDQ $4, AX
	ADDQ $4, DX
	ADDQ $4, R9
	ADDQ $4, R10
	DECQ R14
	JNZ  step
	MOVQ between-16(SP), R14
	ADDQ R14, AX
	ADDQ R14, DX
	ADDQ R14, R9
	ADDQ R14, R10
	DECQ lines-8(SP)
	JNZ  line

	STORE2(0, Z0, Z1)
	STORE2(64, Z2, Z3)
	STORE2(128, Z4, Z5)
	STORE2(192, Z6, Z7)
	STORE2(256, Z8, Z9)
	STORE2(320, Z10, Z11)
	STORE2(384, Z12, Z13)
	STORE2(448, Z14, Z15)
	STORE2(512, Z16, Z17)
	STORE2(576, Z18, Z19)
	STORE2(640, Z20, Z21)
	STORE2(704, Z22, Z23)
	ADDQ $768, DI
	LEAQ (R13)(CX*4), R13
	DECQ R11
	JNZ  tile
	VZEROUPPER
	RET

// func multiply1(acc *int32, block int, a *byte, p *Patch, tiles int, w *int8, bias *int32)
//
// Twelve rows of a tile by one block.
TEXT ·multiply1(SB), NOSPLIT, $16-56
	MOVQ acc+0(FP), DI
	MOVQ a+16(FP), R13
	MOVQ p+24(FP), R14
	MOVQ tiles+32(FP), R11
	MOVQ bias+48(FP), R15
	PATCH
	MOVQ Patch_Steps(R14), R8
	LEAQ (BX)(BX*2), CX

tile:
	MOVQ R13, AX
	LEAQ (AX)(CX*1), DX
	LEAQ (AX)(CX*2), R9
	LEAQ (DX)(CX*2), R10
	MOVQ w+40(FP), SI
	VMOVDQU32 (R15), Z0
	VMOVDQA32 Z0, Z1
	VMOVDQA32 Z0, Z2
	VMOVDQA32 Z0, Z3
	VMOVDQA32 Z0, Z4
	VMOVDQA32 Z0, Z5
	VMOVDQA32 Z0, Z6
	VMOVDQA32 Z0, Z7
	VMOVDQA32 Z0, Z8
	VMOVDQA32 Z0, Z9
	VMOVDQA32 Z0, Z10
	VMOVDQA32 Z0, Z11
	LINES

line:
	MOVQ R8, R14

step:
	VMOVDQU32 (SI), Z24
	DOT1((AX), Z0)
	DOT1((AX)(BX*1), Z1)
	DOT1((AX)(BX*2), Z2)
	DOT1((DX), Z3)
	DOT1((DX)(BX*1), Z4)
	DOT1((DX)(BX*2), Z5)
	DOT1((R9), Z6)
	DOT1((R9)(BX*1), Z7)
	DOT1((R9)(BX*2), Z8)
	DOT1((R10), Z9)
	DOT1((R10)(BX*1), Z10)
	DOT1((R10)(BX*2), Z11)
	ADDQ $64, SI
	ADDQ $4, AX
	ADDQ $4, DX
	ADDQ $4, R9
	ADDQ $4, R10
	DECQ R14
	JNZ  step
	MOVQ between-16(SP), R14
	ADDQ R14, AX
	ADDQ R14, DX
	ADDQ R14, R9
	ADDQ R14, R10
	DECQ lines-8(SP)
	JNZ  line

	VMOVDQU32 Z0, (DI)
	VMOVDQU32 Z1, 64(DI)
	VMOVDQU32 Z2, 128(DI)
	VMOVDQU32 Z3, 192(DI)
	VMOVDQU32 Z4, 256(DI)
	VMOVDQU32 Z5, 320(DI)
	VMOVDQU32 Z6, 384(DI)
	VMOVDQU32 Z7, 448(DI)
	VMOVDQU32 Z8, 512(DI)
	VMOVDQU32 Z9, 576(DI)
	VMOVDQU32 Z10, 640(DI)
	VMOVDQU32 Z11, 704(DI)
	ADDQ $768, DI
	LEAQ (R13)(CX*4), R13
	DECQ R11
	JNZ  tile
	VZEROUPPER
	RET

// func multiplyRow(acc *int32, block int, a *byte, p *Patch, rows int, w *int8, bias *int32)
//
// Single rows by one block; two sums hide the latency.
TEXT ·multiplyRow(SB), NOSPLIT, $0-56
	MOVQ acc+0(FP), DI
	MOVQ a+16(FP), R13
	MOVQ p+24(FP), R9
	MOVQ rows+32(FP), R11
	MOVQ bias+48(FP), R15
	MOVQ Patch_Row(R9), BX
	MOVQ Patch_Steps(R9), R8

row:
	MOVQ R13, R12
	MOVQ Patch_Lines(R9), R10
	MOVQ w+40(FP), SI
	VMOVDQU32 (R15), Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3

line:
	MOVQ R12, AX
	MOVQ R8, R14
	SUBQ $4, R14
	JLT  rest

four:
	VMOVDQU32 (SI), Z24
	VMOVDQU32 64(SI), Z25
	VMOVDQU32 128(SI), Z26
	VMOVDQU32 192(SI), Z27
	VPBROADCASTD (AX), Z28
	VPBROADCASTD 4(AX), Z29
	VPBROADCASTD 8(AX), Z30
	VPBROADCASTD 12(AX), Z31
	VPDPBUSD Z24, Z28, Z0
	VPDPBUSD Z25, Z29, Z1
	VPDPBUSD Z26, Z30, Z2
	VPDPBUSD Z27, Z31, Z3
	ADDQ $256, SI
	ADDQ $16, AX
	SUBQ $4, R14
	JGE  four

rest:
	ADDQ $4, R14
	JZ   next

step:
	VMOVDQU32 (SI), Z24
	DOT1((AX), Z0)
	ADDQ $64, SI
	ADDQ $4, AX
	DECQ R14
	JNZ  step

next:
	ADDQ Patch_Line(R9), R12
	DECQ R10
	JNZ  line
	VPADDD Z1, Z0, Z0
	VPADDD Z3, Z2, Z2
	VPADDD Z2, Z0, Z0
	VMOVDQU32 Z0, (DI)
	ADDQ $64, DI
	ADDQ BX, R13
	DECQ R11
	JNZ  row
	VZEROUPPER
	RET

// fours are the dwords of four rows of sixteen bytes, one of each row in a lane;
// transposed are the bytes of a lane.
DATA fours<>+0(SB)/8, $0x0000000400000000
DATA fours<>+8(SB)/8, $0x0000000c00000008
DATA fours<>+16(SB)/8, $0x0000000500000001
DATA fours<>+24(SB)/8, $0x0000000d00000009
DATA fours<>+32(SB)/8, $0x0000000600000002
DATA fours<>+40(SB)/8, $0x0000000e0000000a
DATA fours<>+48(SB)/8, $0x0000000700000003
DATA fours<>+56(SB)/8, $0x0000000f0000000b
GLOBL fours<>(SB), RODATA|NOPTR, $64

DATA transposed<>+0(SB)/8, $0x0d0905010c080400
DATA transposed<>+8(SB)/8, $0x0f0b07030e0a0602
GLOBL transposed<>(SB), RODATA|NOPTR, $16

// func interleave16(y, x0, x1, x2, x3 *byte, blocks int)
TEXT ·interleave16(SB), NOSPLIT, $0-48
	MOVQ y+0(FP), DI
	MOVQ x0+8(FP), R8
	MOVQ x1+16(FP), R9
	MOVQ x2+24(FP), R10
	MOVQ x3+32(FP), R11
	MOVQ blocks+40(FP), CX
	VMOVDQU32 fours<>(SB), Z30
	VBROADCASTI32X4 transposed<>(SB), Z31
	XORQ AX, AX

next:
	VMOVDQU (R8)(AX*1), X0
	VINSERTI32X4 $1, (R9)(AX*1), Z0, Z0
	VINSERTI32X4 $2, (R10)(AX*1), Z0, Z0
	VINSERTI32X4 $3, (R11)(AX*1), Z0, Z0
	VPERMD Z0, Z30, Z0
	VPSHUFB Z31, Z0, Z0
	VMOVDQU32 Z0, (DI)(AX*4)
	ADDQ $16, AX
	DECQ CX
	JNZ  next
	VZEROUPPER
	RET

#define TAP(from, acc) \
	VMOVDQU32 from, Z16 \
	VPDPBUSD Z24, Z16, acc

// func tapsColumns(acc *int32, x *byte, columns, stride int, offsets *int, n int, w *int8, bias *int32)
TEXT ·tapsColumns(SB), NOSPLIT, $0-64
	MOVQ acc+0(FP), DI
	MOVQ x+8(FP), R13
	MOVQ columns+16(FP), R11
	MOVQ stride+24(FP), BX
	MOVQ offsets+32(FP), R8
	MOVQ n+40(FP), R9
	MOVQ w+48(FP), R10
	MOVQ bias+56(FP), R15
	VMOVDQU32 (R15), Z31
	LEAQ (BX)(BX*2), CX
	SUBQ $8, R11
	JLT  single

eight:
	VMOVDQA32 Z31, Z0
	VMOVDQA32 Z31, Z1
	VMOVDQA32 Z31, Z2
	VMOVDQA32 Z31, Z3
	VMOVDQA32 Z31, Z4
	VMOVDQA32 Z31, Z5
	VMOVDQA32 Z31, Z6
	VMOVDQA32 Z31, Z7
	XORQ R14, R14
	MOVQ R10, SI

tap:
	MOVQ (R8)(R14*8), AX
	ADDQ R13, AX
	LEAQ (AX)(BX*4), DX
	VMOVDQU32 (SI), Z24
	TAP((AX), Z0)
	TAP((AX)(BX*1), Z1)
	TAP((AX)(BX*2), Z2)
	TAP((AX)(CX*1), Z3)
	TAP((DX), Z4)
	TAP((DX)(BX*1), Z5)
	TAP((DX)(BX*2), Z6)
	TAP((DX)(CX*1), Z7)
	ADDQ $64, SI
	INCQ R14
	CMPQ R14, R9
	JLT  tap

	VMOVDQU32 Z0, (DI)
	VMOVDQU32 Z1, 64(DI)
	VMOVDQU32 Z2, 128(DI)
	VMOVDQU32 Z3, 192(DI)
	VMOVDQU32 Z4, 256(DI)
	VMOVDQU32 Z5, 320(DI)
	VMOVDQU32 Z6, 384(DI)
	VMOVDQU32 Z7, 448(DI)
	ADDQ $512, DI
	LEAQ (R13)(BX*8), R13
	SUBQ $8, R11
	JGE  eight

single:
	ADDQ $8, R11
	JZ   done

column:
	VMOVDQA32 Z31, Z0
	XORQ R14, R14
	MOVQ R10, SI

one:
	MOVQ (R8)(R14*8), AX
	VMOVDQU32 (SI), Z24
	TAP((R13)(AX*1), Z0)
	ADDQ $64, SI
	INCQ R14
	CMPQ R14, R9
	JLT  one
	VMOVDQU32 Z0, (DI)
	ADDQ $64, DI
	ADDQ BX, R13
	DECQ R11
	JNZ  column

done:
	VZEROUPPER
	RET

// SCALE loads a Scale: mantissas into me and, the odd ones in front, into mo, addends
// into ae and ao, shifts into sh.
#define SCALE(from, me, mo, ae, ao, sh) \
	VMOVDQU32 (from), me \
	VPSRLQ $32, me, mo \
	VMOVDQU32 64(from), sh \
	VMOVDQU32 128(from), ae \
	VMOVDQU32 192(from), ao

// SCALED brings the even lanes of e and the odd lanes, in front, of o to the scale,
// into all lanes of o.
#define SCALED(e, o, me, mo, ae, ao, sh) \
	VPMULDQ me, e, e \
	VPMULDQ mo, o, o \
	VPADDQ ae, e, e \
	VPADDQ ao, o, o \
	VMOVSHDUP e, K1, o \
	VPSRAVD sh, o, o

// CLAMP brings lanes to lo..hi.
#define CLAMP(lo, hi, x) \
	VPMAXSD lo, x, x \
	VPMINSD hi, x, x

// FIRST loads the Scale at R8 and the Codes at R9, FIRSTED brings the accumulators at
// SI to them, in Z1.
#define FIRST \
	SCALE(R8, Z16, Z17, Z18, Z19, Z20) \
	VMOVD (R9), X23 \
	VPBROADCASTD 4(R9), Z21 \
	VPBROADCASTD 8(R9), Z22

#define FIRSTED \
	VMOVDQU32 (SI), Z0 \
	VPSLLD X23, Z0, Z0 \
	VPSRLQ $32, Z0, Z1 \
	SCALED(Z0, Z1, Z16, Z17, Z18, Z19, Z20) \
	CLAMP(Z21, Z22, Z1)

// MASKS sets K1 to the even lanes and K2 to the first CX.
#define MASKS \
	MOVL $0x5555, AX \
	KMOVW AX, K1 \
	MOVL $1, AX \
	SHLL CX, AX \
	DECL AX \
	KMOVW AX, K2

// func requantizeRows(y *byte, ldy, rows int, acc *int32, s *Scale, c *Codes, n int)
TEXT ·requantizeRows(SB), NOSPLIT, $0-56
	MOVQ y+0(FP), DI
	MOVQ ldy+8(FP), BX
	MOVQ rows+16(FP), DX
	MOVQ acc+24(FP), SI
	MOVQ s+32(FP), R8
	MOVQ c+40(FP), R9
	MOVQ n+48(FP), CX
	MASKS
	FIRST

row:
	FIRSTED
	VPMOVDB Z1, X1
	VMOVDQU8 X1, K2, (DI)
	ADDQ $64, SI
	ADDQ BX, DI
	DECQ DX
	JNZ  row
	VZEROUPPER
	RET

// func widenRows(y *int32, ldy, rows int, acc *int32, s *Scale, c *Codes, n int)
TEXT ·widenRows(SB), NOSPLIT, $0-56
	MOVQ y+0(FP), DI
	MOVQ ldy+8(FP), BX
	MOVQ rows+16(FP), DX
	MOVQ acc+24(FP), SI
	MOVQ s+32(FP), R8
	MOVQ c+40(FP), R9
	SHLQ $2, BX
	MOVQ n+48(FP), CX
	MASKS
	FIRST

row:
	FIRSTED
	VMOVDQU32 Z1, K2, (DI)
	ADDQ $64, SI
	ADDQ BX, DI
	DECQ DX
	JNZ  row
	VZEROUPPER
	RET

// SECOND loads the second Scale and the Gate, behind FIRST. HARDSWISHED brings the
// accumulators at SI to both, in Z3.
#define SECOND \
	ADDQ $256, R8 \
	SCALE(R8, Z24, Z25, Z26, Z27, Z28) \
	VMOVD 12(R9), X14 \
	VPBROADCASTD 16(R9), Z31 \
	VPBROADCASTD 20(R9), Z15 \
	VPBROADCASTD 28(R9), Z29 \
	VPBROADCASTD 32(R9), Z30 \
	VPXORD Z13, Z13, Z13

#define HARDSWISHED \
	FIRSTED \
	VPADDD Z31, Z1, Z2 \
	CLAMP(Z13, Z15, Z2) \
	VPSRLQ $32, Z1, Z3 \
	VMOVSHDUP Z2, Z4 \
	VPMULDQ Z2, Z1, Z1 \
	VPMULDQ Z4, Z3, Z3 \
	VPSRLQ X14, Z1, Z1 \
	VPSRLQ X14, Z3, Z3 \
	SCALED(Z1, Z3, Z24, Z25, Z26, Z27, Z28) \
	CLAMP(Z29, Z30, Z3)

// func hardswishRows(y *byte, ldy, rows int, acc *int32, s *[2]Scale, gate *Gate, n int)
TEXT ·hardswishRows(SB), NOSPLIT, $0-56
	MOVQ y+0(FP), DI
	MOVQ ldy+8(FP), BX
	MOVQ rows+16(FP), DX
	MOVQ acc+24(FP), SI
	MOVQ s+32(FP), R8
	MOVQ gate+40(FP), R9
	MOVQ n+48(FP), CX
	MASKS
	FIRST
	SECOND

row:
	HARDSWISHED
	VPMOVDB Z3, X3
	VMOVDQU8 X3, K2, (DI)
	ADDQ $64, SI
	ADDQ BX, DI
	DECQ DX
	JNZ  row
	VZEROUPPER
	RET

// ESTIMATED makes w of an Estimate in n, and in r its r or, where the pre-activation is
// uncertain, Ratio times that. The last instruction cuts w off.
#define ESTIMATED(from, n, r) \
	VCVTDQ2PS from, r \
	VFMADD213PS Z17, Z16, r \
	VRNDSCALEPS $9, r, n \
	VSUBPS n, r, r \
	VCMPPS $1, Z18, r, K3 \
	VMAXPS Z29, n, n \
	VMINPS Z30, n, n \
	VMINPS Z28, n, r \
	VFMADD213PS Z20, Z19, n \
	VFMADD213PS Z22, r, n \
	VREDUCEPS $8, n, r \
	VMULPS Z24, r, K3, r \
	VCVTPS2DQ.RD_SAE n, n

// func estimateRows(y *byte, ldy, fours int, acc *int32, e *Estimate, gate *Gate, first, n int) uint64
//
// The first n channels of four rows at a time.
TEXT ·estimateRows(SB), NOSPLIT, $0-72
	MOVQ y+0(FP), DI
	MOVQ ldy+8(FP), BX
	MOVQ fours+16(FP), DX
	MOVQ acc+24(FP), SI
	MOVQ e+32(FP), R8
	MOVQ gate+40(FP), R9
	MOVQ n+56(FP), CX
	MASKS
	LEAQ (BX)(BX*2), R11
	VMOVDQU32 Estimate_Slope(R8), Z16
	VMOVDQU32 Estimate_Start(R8), Z17
	VMOVDQU32 Estimate_Near(R8), Z18
	VMOVDQU32 Estimate_Rate(R8), Z19
	VMOVDQU32 Estimate_Fall(R8), Z20
	VMOVDQU32 Estimate_Rise(R8), Z22
	VMOVDQU32 Estimate_Doubt(R8), Z23
	VMOVDQU32 Estimate_Ratio(R8), Z24
	VPBROADCASTB (Gate_Out+Codes_Lo)(R9), Z25
	VPBROADCASTB (Gate_Out+Codes_Hi)(R9), Z26
	VMOVDQU32 fours<>(SB), Z27
	VBROADCASTSS Estimate_Six(R8), Z28
	VBROADCASTSS Estimate_Bottom(R8), Z29
	VBROADCASTSS Estimate_Top(R8), Z30
	XORQ AX, AX
	MOVL $1, R13

four:
	ESTIMATED((SI), Z0, Z4)
	ESTIMATED(64(SI), Z1, Z5)
	ESTIMATED(128(SI), Z2, Z6)
	ESTIMATED(192(SI), Z3, Z7)
	VRANGEPS $10, Z5, Z4, Z4
	VRANGEPS $10, Z7, Z6, Z6
	VMINPS Z6, Z4, Z4
	VCMPPS $1, Z23, Z4, K4
	VPACKSSDW Z1, Z0, Z0
	VPACKSSDW Z3, Z2, Z2
	VPACKUSWB Z2, Z0, Z0
	VPMAXUB Z25, Z0, Z0
	VPMINUB Z26, Z0, Z0
	VPERMD Z0, Z27, Z0
	VEXTRACTI32X4 $1, Z0, X1
	VEXTRACTI32X4 $2, Z0, X2
	VEXTRACTI32X4 $3, Z0, X3
	KMOVW K4, R12
	DOUBTS
	VMOVDQU8 X0, K2, (DI)
	VMOVDQU8 X1, K2, (DI)(BX*1)
	VMOVDQU8 X2, K2, (DI)(BX*2)
	VMOVDQU8 X3, K2, (DI)(R11*1)
	ADDQ $256, SI
	LEAQ (DI)(BX*4), DI
	ADDQ R13, R13
	DECQ DX
	JNZ  four
	VZEROUPPER
	MOVQ AX, ret+64(FP)
	RET

// func hardswishWordRows(y *int32, ldy, rows int, acc *int32, s *[2]Scale, gate *Gate, n int)
TEXT ·hardswishWordRows(SB), NOSPLIT, $0-56
	MOVQ y+0(FP), DI
	MOVQ ldy+8(FP), BX
	MOVQ rows+16(FP), DX
	MOVQ acc+24(FP), SI
	MOVQ s+32(FP), R8
	MOVQ gate+40(FP), R9
	SHLQ $2, BX
	MOVQ n+48(FP), CX
	MASKS
	FIRST
	SECOND

row:
	HARDSWISHED
	VMOVDQU32 Z3, K2, (DI)
	ADDQ $64, SI
	ADDQ BX, DI
	DECQ DX
	JNZ  row
	VZEROUPPER
	RET

// func addWords16(y, x *int32, z *byte, a *WideSum, blocks, n int)
//
// The last block has n elements.
TEXT ·addWords16(SB), NOSPLIT, $0-48
	MOVQ y+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ z+16(FP), R13
	MOVQ a+24(FP), R9
	MOVQ n+40(FP), CX
	MASKS
	MOVQ blocks+32(FP), DX
	VPBROADCASTD (R9), Z20
	VPBROADCASTD 4(R9), Z21
	VPBROADCASTQ 8(R9), Z22
	VMOVD 16(R9), X23
	VMOVD 20(R9), X24
	VPBROADCASTD 24(R9), Z25
	VPBROADCASTD 28(R9), Z26
	MOVL $0xffff, AX
	KMOVW AX, K3

block:
	CMPQ DX, $1
	JNE  full
	KMOVW K2, K3

full:
	PREFETCHT0 1536(SI)
	PREFETCHT0 768(R13)
	VMOVDQU32.Z (SI), K3, Z0
	VPMOVZXBD (R13), Z1
	VPSLLD X23, Z0, Z0
	VPSLLD X23, Z1, Z1
	VPSRLQ $32, Z0, Z2
	VPSRLQ $32, Z1, Z3
	VPMULDQ Z20, Z0, Z0
	VPMULDQ Z21, Z1, Z1
	VPMULDQ Z20, Z2, Z2
	VPMULDQ Z21, Z3, Z3
	VPADDQ Z1, Z0, Z0
	VPADDQ Z3, Z2, Z2
	VPADDQ Z22, Z0, Z0
	VPADDQ Z22, Z2, Z2
	VMOVSHDUP Z0, K1, Z2
	VPSRAD X24, Z2, Z2
	CLAMP(Z25, Z26, Z2)
	VMOVDQU32 Z2, K3, (DI)
	ADDQ $64, SI
	ADDQ $64, DI
	ADDQ $16, R13
	DECQ DX
	JNZ  block
	VZEROUPPER
	RET

// ADDED sets X0 to sixteen sums.
#define ADDED \
	VPMOVZXBD (SI)(AX*1), Z0 \
	VPMOVZXBD (R13)(AX*1), Z1 \
	VPMULLD Z20, Z0, Z0 \
	VPMULLD Z21, Z1, Z1 \
	VPADDD Z22, Z0, Z0 \
	VPADDD Z1, Z0, Z0 \
	VPSRAD X23, Z0, Z0 \
	CLAMP(Z24, Z25, Z0) \
	VPMOVDB Z0, X0

// func addRows(y *byte, ldy int, x *byte, ldx int, z *byte, ldz, rows, blocks, n int, a *Sum)
//
// The last block has n channels.
TEXT ·addRows(SB), NOSPLIT, $0-80
	MOVQ y+0(FP), DI
	MOVQ ldy+8(FP), R8
	MOVQ x+16(FP), SI
	MOVQ ldx+24(FP), R9
	MOVQ z+32(FP), R13
	MOVQ ldz+40(FP), R10
	MOVQ rows+48(FP), DX
	MOVQ a+72(FP), R11
	MOVQ n+64(FP), CX
	MASKS
	MOVQ blocks+56(FP), R12
	DECQ R12
	SHLQ $4, R12
	VPBROADCASTD (R11), Z20
	VPBROADCASTD 4(R11), Z21
	VPBROADCASTD 8(R11), Z22
	VMOVD 12(R11), X23
	VPBROADCASTD 16(R11), Z24
	VPBROADCASTD 20(R11), Z25

row:
	XORQ AX, AX

block:
	CMPQ AX, R12
	JGE  tail
	ADDED
	VMOVDQU X0, (DI)(AX*1)
	ADDQ $16, AX
	JMP  block

tail:
	ADDED
	VMOVDQU8 X0, K2, (DI)(AX*1)
	ADDQ R8, DI
	ADDQ R9, SI
	ADDQ R10, R13
	DECQ DX
	JNZ  row
	VZEROUPPER
	RET

// WEIGHTS loads the four weights at R12 and sets K3 to all lanes, WEIGHTED multiplies
// by them.
#define WEIGHTS \
	MOVL $0xffff, AX \
	KMOVW AX, K3 \
	VPBROADCASTD (R12), Z20 \
	VPBROADCASTD 4(R12), Z21 \
	VPBROADCASTD 8(R12), Z22 \
	VPBROADCASTD 12(R12), Z23 \
	XORQ AX, AX

#define WEIGHTED \
	VPMULLD Z20, Z0, Z0 \
	VPMULLD Z21, Z1, Z1 \
	VPMULLD Z22, Z2, Z2 \
	VPMULLD Z23, Z3, Z3

// func blendWords(y, x0, x1, x2, x3 *int32, w *[4]int32, drop uint64, blocks, n int)
//
// The last block has n elements.
TEXT ·blendWords(SB), NOSPLIT, $0-72
	MOVQ y+0(FP), DI
	MOVQ x0+8(FP), R8
	MOVQ x1+16(FP), R9
	MOVQ x2+24(FP), R10
	MOVQ x3+32(FP), R11
	MOVQ w+40(FP), R12
	VMOVQ drop+48(FP), X24
	MOVQ n+64(FP), CX
	MASKS
	MOVQ blocks+56(FP), DX
	WEIGHTS

block:
	CMPQ DX, $1
	JNE  full
	KMOVW K2, K3

full:
	VMOVDQU32.Z (R8)(AX*1), K3, Z0
	VMOVDQU32.Z (R9)(AX*1), K3, Z1
	VMOVDQU32.Z (R10)(AX*1), K3, Z2
	VMOVDQU32.Z (R11)(AX*1), K3, Z3
	WEIGHTED
	VPADDD Z1, Z0, Z0
	VPADDD Z3, Z2, Z2
	VPADDD Z2, Z0, Z0
	VPSRAD X24, Z0, Z0
	VMOVDQU32 Z0, K3, (DI)(AX*1)
	ADDQ $64, AX
	DECQ DX
	JNZ  block
	VZEROUPPER
	RET

// func blendBytes16(y *int32, x0, x1, x2, x3 *byte, w *[4]int32, addend int64, blocks, n int)
//
// The last block has n elements.
TEXT ·blendBytes16(SB), NOSPLIT, $0-72
	MOVQ y+0(FP), DI
	MOVQ x0+8(FP), R8
	MOVQ x1+16(FP), R9
	MOVQ x2+24(FP), R10
	MOVQ x3+32(FP), R11
	MOVQ w+40(FP), R12
	VPBROADCASTD addend+48(FP), Z24
	MOVQ n+64(FP), CX
	MASKS
	MOVQ blocks+56(FP), DX
	WEIGHTS

block:
	CMPQ DX, $1
	JNE  full
	KMOVW K2, K3

full:
	VPMOVZXBD (R8)(AX*1), Z0
	VPMOVZXBD (R9)(AX*1), Z1
	VPMOVZXBD (R10)(AX*1), Z2
	VPMOVZXBD (R11)(AX*1), Z3
	WEIGHTED
	VPADDD Z24, Z0, Z0
	VPADDD Z1, Z0, Z0
	VPADDD Z3, Z2, Z2
	VPADDD Z2, Z0, Z0
	VMOVDQU32 Z0, K3, (DI)(AX*4)
	ADDQ $16, AX
	DECQ DX
	JNZ  block
	VZEROUPPER
	RET

// func subtractRows(y *byte, ldy int, x *byte, ldx, rows, blocks, n int, v uint64)
//
// The last block has n bytes.
TEXT ·subtractRows(SB), NOSPLIT, $0-64
	MOVQ y+0(FP), DI
	MOVQ ldy+8(FP), R8
	MOVQ x+16(FP), SI
	MOVQ ldx+24(FP), R9
	MOVQ rows+32(FP), DX
	MOVQ n+48(FP), CX
	MASKS
	MOVQ blocks+40(FP), R12
	DECQ R12
	SHLQ $4, R12
	MOVQ v+56(FP), AX
	VPBROADCASTB AX, X20

row:
	XORQ AX, AX

block:
	CMPQ AX, R12
	JGE  tail
	VMOVDQU (SI)(AX*1), X0
	VPSUBUSB X20, X0, X0
	VMOVDQU X0, (DI)(AX*1)
	ADDQ $16, AX
	JMP  block

tail:
	VMOVDQU (SI)(AX*1), X0
	VPSUBUSB X20, X0, X0
	VMOVDQU8 X0, K2, (DI)(AX*1)
	ADDQ R8, DI
	ADDQ R9, SI
	DECQ DX
	JNZ  row
	VZEROUPPER
	RET

#define OUTER(at, acc) \
	VPBROADCASTD at(SI), Z22 \
	VPDPBUSD Z20, Z22, acc

#define LOAD(at, acc) VMOVDQU32 at(DI), acc
#define STORE(at, acc) VMOVDQU32 acc, at(DI)

// func outerSteps(kv, sum *int32, k, v *byte, stride, steps int)
TEXT ·outerSteps(SB), NOSPLIT, $0-48
	MOVQ kv+0(FP), DI
	MOVQ sum+8(FP), R8
	MOVQ k+16(FP), SI
	MOVQ v+24(FP), R9
	MOVQ stride+32(FP), BX
	MOVQ steps+40(FP), CX
	MOVL $0x01010101, AX
	VPBROADCASTD AX, Z17
	SHLL $7, AX
	VPBROADCASTD AX, Z18
	VMOVDQU32 (R8), Z16
	LOAD(0, Z0)
	LOAD(64, Z1)
	LOAD(128, Z2)
	LOAD(192, Z3)
	LOAD(256, Z4)
	LOAD(320, Z5)
	LOAD(384, Z6)
	LOAD(448, Z7)
	LOAD(512, Z8)
	LOAD(576, Z9)
	LOAD(640, Z10)
	LOAD(704, Z11)
	LOAD(768, Z12)
	LOAD(832, Z13)
	LOAD(896, Z14)
	LOAD(960, Z15)

step:
	VPXORD (R9), Z18, Z20
	VMOVDQU32 (SI), Z21
	VPDPBUSD Z17, Z21, Z16
	OUTER(0, Z0)
	OUTER(4, Z1)
	OUTER(8, Z2)
	OUTER(12, Z3)
	OUTER(16, Z4)
	OUTER(20, Z5)
	OUTER(24, Z6)
	OUTER(28, Z7)
	OUTER(32, Z8)
	OUTER(36, Z9)
	OUTER(40, Z10)
	OUTER(44, Z11)
	OUTER(48, Z12)
	OUTER(52, Z13)
	OUTER(56, Z14)
	OUTER(60, Z15)
	ADDQ BX, SI
	ADDQ BX, R9
	DECQ CX
	JNZ  step
	VMOVDQU32 Z16, (R8)
	STORE(0, Z0)
	STORE(64, Z1)
	STORE(128, Z2)
	STORE(192, Z3)
	STORE(256, Z4)
	STORE(320, Z5)
	STORE(384, Z6)
	STORE(448, Z7)
	STORE(512, Z8)
	STORE(576, Z9)
	STORE(640, Z10)
	STORE(704, Z11)
	STORE(768, Z12)
	STORE(832, Z13)
	STORE(896, Z14)
	STORE(960, Z15)
	VZEROUPPER
	RET

// func divideRows(y *byte, ldy, rows int, acc, d *int32, s *Scale, q *Quotient, n int)
TEXT ·divideRows(SB), NOSPLIT, $0-64
	MOVQ y+0(FP), DI
	MOVQ ldy+8(FP), BX
	MOVQ rows+16(FP), DX
	MOVQ acc+24(FP), SI
	MOVQ d+32(FP), R10
	MOVQ s+40(FP), R8
	MOVQ q+48(FP), R9
	MOVQ n+56(FP), CX
	MASKS
	FIRST
	VPBROADCASTD 12(R9), Z24
	MOVL 16(R9), R11
	VPBROADCASTD 20(R9), Z25
	VPBROADCASTD 28(R9), Z26
	VPBROADCASTD 32(R9), Z27
	VMOVDQU32 36(R9), Z28

row:
	MOVL 4(R10), AX
	SHLL $7, AX
	ADDL (R10), AX
	VPBROADCASTD AX, Z2
	VPCMPD $2, Z2, Z28, K3
	KMOVW K3, CX
	POPCNTL CX, CX
	ADDL R11, CX
	MOVL $1, AX
	SHLL CX, AX
	SHRL $1, AX
	VPBROADCASTD AX, Z3
	VMOVD CX, X4
	FIRSTED
	VPMULLD Z24, Z1, Z1
	VPADDD Z3, Z1, Z1
	VPSRAD X4, Z1, Z1
	VPADDD Z25, Z1, Z1
	CLAMP(Z26, Z27, Z1)
	VPMOVDB Z1, X1
	VMOVDQU8 X1, K2, (DI)
	ADDQ $64, SI
	ADDQ $64, R10
	ADDQ BX, DI
	DECQ DX
	JNZ  row
	VZEROUPPER
	RET

// func narrowBlocks(y *byte, x *int32, offset, lo, hi int64, blocks, n int) bool
//
// The last block has n elements.
TEXT ·narrowBlocks(SB), NOSPLIT, $0-57
	MOVQ y+0(FP), DI
	MOVQ x+8(FP), SI
	VPBROADCASTD offset+16(FP), Z20
	VPBROADCASTD lo+24(FP), Z21
	VPBROADCASTD hi+32(FP), Z22
	MOVQ n+48(FP), CX
	MASKS
	MOVQ blocks+40(FP), DX
	MOVL $0xffff, AX
	KMOVW AX, K3
	KXORW K4, K4, K4

block:
	CMPQ DX, $1
	JNE  full
	KMOVW K2, K3

full:
	PREFETCHT0 1536(SI)
	VMOVDQU32.Z (SI), K3, Z0
	VPCMPD $1, Z21, Z0, K3, K5
	VPCMPD $6, Z22, Z0, K3, K6
	KORW K5, K4, K4
	KORW K6, K4, K4
	VPADDD Z20, Z0, Z0
	VPMOVDB Z0, X0
	VMOVDQU8 X0, K3, (DI)
	ADDQ $64, SI
	ADDQ $16, DI
	DECQ DX
	JNZ  block
	KMOVW K4, AX
	TESTL AX, AX
	SETEQ ret+56(FP)
	VZEROUPPER
	RET
