// SPDX-License-Identifier: Apache-2.0

#include "go_asm.h"
#include "textflag.h"
#include "doubts_amd64.h"

// eights are the dwords of eight channels of four rows, which VPACKSSDW and VPACKUSWB leave
// with the first channels of all rows in front: those of a row side by side.
DATA eights<>+0(SB)/8, $0x0000000400000000
DATA eights<>+8(SB)/8, $0x0000000500000001
DATA eights<>+16(SB)/8, $0x0000000600000002
DATA eights<>+24(SB)/8, $0x0000000700000003
GLOBL eights<>(SB), RODATA|NOPTR, $32

// ESTIMATED makes w of an Estimate, cut off, in n, and in r the distance |r| or, where the
// pre-activation is uncertain, Ratio times that.
#define ESTIMATED(from, n, r) \
	VCVTDQ2PS from, r \
	VFMADD213PS Estimate_Start(R8), Y10, r \
	VROUNDPS $9, r, n \
	VSUBPS n, r, r \
	VCMPPS $1, Estimate_Near(R8), r, Y8 \
	VMAXPS Y13, n, n \
	VMINPS Y14, n, n \
	VMINPS Y12, n, Y9 \
	VFMADD213PS Estimate_Fall(R8), Y11, n \
	VFMADD213PS Estimate_Rise(R8), Y9, n \
	VROUNDPS $8, n, r \
	VSUBPS r, n, r \
	VMULPS Estimate_Ratio(R8), r, Y9 \
	VBLENDVPS Y8, Y9, r, r \
	VANDPS Y15, r, r \
	VROUNDPS $9, n, n \
	VCVTPS2DQ n, n

// func estimateHalf(y *byte, ldy, fours int, acc *int32, e *Estimate, gate *Gate, first, n int) uint64
//
// Eight channels of four rows at a time.
TEXT ·estimateHalf(SB), NOSPLIT, $0-72
	MOVQ y+0(FP), DI
	MOVQ ldy+8(FP), BX
	MOVQ fours+16(FP), DX
	MOVQ acc+24(FP), SI
	MOVQ e+32(FP), R8
	MOVQ gate+40(FP), R9
	MOVQ first+48(FP), CX
	ADDQ CX, DI
	LEAQ (SI)(CX*4), SI
	VBROADCASTSS Estimate_Six(R8), Y12
	VBROADCASTSS Estimate_Bottom(R8), Y13
	VBROADCASTSS Estimate_Top(R8), Y14
	LEAQ (R8)(CX*4), R8
	LEAQ (BX)(BX*2), R11
	VMOVDQU Estimate_Slope(R8), Y10
	VMOVDQU Estimate_Rate(R8), Y11
	VPCMPEQD Y15, Y15, Y15
	VPSRLD $1, Y15, Y15
	XORQ AX, AX
	MOVL $1, R13

four:
	ESTIMATED((SI), Y0, Y4)
	ESTIMATED(64(SI), Y1, Y5)
	ESTIMATED(128(SI), Y2, Y6)
	ESTIMATED(192(SI), Y3, Y7)
	VMINPS Y5, Y4, Y4
	VMINPS Y7, Y6, Y6
	VMINPS Y6, Y4, Y4
	VCMPPS $1, Estimate_Doubt(R8), Y4, Y4
	VPACKSSDW Y1, Y0, Y0
	VPACKSSDW Y3, Y2, Y2
	VPACKUSWB Y2, Y0, Y0
	VPBROADCASTB (Gate_Out+Codes_Lo)(R9), Y8
	VPBROADCASTB (Gate_Out+Codes_Hi)(R9), Y9
	VPMAXUB Y8, Y0, Y0
	VPMINUB Y9, Y0, Y0
	VMOVDQU eights<>(SB), Y8
	VPERMD Y0, Y8, Y0
	VEXTRACTI128 $1, Y0, X1
	VMOVMSKPS Y4, R12
	DOUBTS
	VMOVQ X0, (DI)
	VMOVHPS X0, (DI)(BX*1)
	VMOVQ X1, (DI)(BX*2)
	VMOVHPS X1, (DI)(R11*1)
	ADDQ $256, SI
	LEAQ (DI)(BX*4), DI
	ADDQ R13, R13
	DECQ DX
	JNZ  four
	VZEROUPPER
	MOVQ AX, ret+64(FP)
	RET
