// SPDX-License-Identifier: Apache-2.0

//go:build goexperiment.simd

package kernel

import "simd/archsimd"

// vectorSet is the name of the kernels in vectors of 128 bits. Go's vectors have no
// products of four bytes (SDOT, USDOT) and no widening sums of pairs (SADALP).
const vectorSet = "neon"

// productSum returns x·y + z.
func productSum(x, y, z words) words { return x.MulAdd(y, z) }

// products returns the 64-bit products of the first two lanes, and of the last two.
func products(x, y words) (lo, hi archsimd.Int64x2) {
	return x.MulWidenLo(y), x.HiToLo().MulWidenLo(y.HiToLo())
}

// asWords returns lanes of 64 bits as pairs of lanes, the low 32 bits first.
func asWords(x archsimd.Int64x2) words { return x.ToBits().ReshapeToUint32s().BitsToInt32() }

// highWords returns the high 32 bits of four lanes, lowWords the low ones.
func highWords(lo, hi archsimd.Int64x2) words { return asWords(lo).ConcatOdd(asWords(hi)) }
func lowWords(lo, hi archsimd.Int64x2) words  { return asWords(lo).ConcatEven(asWords(hi)) }

// shifts prepares the numbers of bits for shiftedRight.
func shifts(s []int32) words { return archsimd.LoadInt32x4(s).Neg() }

// shiftedRight shifts each lane to the right by its own number of bits.
func shiftedRight(x, by words) words { return x.Shift(by) }

// lowestBytes returns the lowest bytes of sixteen lanes.
func lowestBytes(a, b, c, d words) archsimd.Uint8x16 {
	pairs := func(a, b words) archsimd.Uint8x16 {
		return a.ToBits().ReshapeToUint16s().ConcatEven(b.ToBits().ReshapeToUint16s()).ReshapeToUint8s()
	}
	return pairs(a, b).ConcatEven(pairs(c, d))
}

// extended returns sixteen bytes as lanes.
func extended(x archsimd.Uint8x16) (a, b, c, d words) {
	lo, hi := x.ExtendLo8ToUint16(), x.HiToLo().ExtendLo8ToUint16()
	return lo.ExtendLo4ToUint32().BitsToInt32(), lo.HiToLo().ExtendLo4ToUint32().BitsToInt32(),
		hi.ExtendLo4ToUint32().BitsToInt32(), hi.HiToLo().ExtendLo4ToUint32().BitsToInt32()
}

// zipped returns the bytes of x and y in turn, and zippedPairs pairs of bytes.
func zipped(x, y archsimd.Uint8x16) (lo, hi archsimd.Uint16x8) {
	return x.InterleaveLo(y).ReshapeToUint16s(), x.InterleaveHi(y).ReshapeToUint16s()
}

func zippedPairs(x, y archsimd.Uint16x8) (lo, hi archsimd.Uint8x16) {
	return x.InterleaveLo(y).ReshapeToUint8s(), x.InterleaveHi(y).ReshapeToUint8s()
}
