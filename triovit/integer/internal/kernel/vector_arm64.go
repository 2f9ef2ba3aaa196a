// SPDX-License-Identifier: Apache-2.0

//go:build goexperiment.simd

package kernel

import (
	"encoding/binary"
	"simd/archsimd"
)

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

// Orders of bytes: transposed has the first of each four bytes, then the second ones, and so
// on; each has one of four bytes in every lane, extended by zeros.
var (
	transposed = [16]int8{0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15}
	each       = [4][16]int8{
		{0, -1, -1, -1, 0, -1, -1, -1, 0, -1, -1, -1, 0, -1, -1, -1},
		{1, -1, -1, -1, 1, -1, -1, -1, 1, -1, -1, -1, 1, -1, -1, -1},
		{2, -1, -1, -1, 2, -1, -1, -1, 2, -1, -1, -1, 2, -1, -1, -1},
		{3, -1, -1, -1, 3, -1, -1, -1, 3, -1, -1, -1, 3, -1, -1, -1},
	}
)

func permuted(x archsimd.Int8x16, order *[16]int8) archsimd.Int8x16 {
	return x.LookupOrZero(archsimd.LoadInt8x16Array(order))
}

// signedBytes returns the bytes of four lanes: the lowest ones, the next ones, and so on. A
// permutation takes fewer instructions than shifts, whose constants Go keeps in vectors.
func signedBytes(b archsimd.Int8x16) (b0, b1, b2, b3 words) {
	b = permuted(b, &transposed)
	lo, hi := b.ExtendLo8ToInt16(), b.HiToLo().ExtendLo8ToInt16()
	return lo.ExtendLo4ToInt32(), lo.HiToLo().ExtendLo4ToInt32(), hi.ExtendLo4ToInt32(), hi.HiToLo().ExtendLo4ToInt32()
}

// unsignedBytes is signedBytes of unsigned bytes.
func unsignedBytes(b archsimd.Uint8x16) (b0, b1, b2, b3 words) {
	return extended(permuted(b.BitsToInt8(), &transposed).ToBits())
}

// four returns four bytes, each in every lane.
func four(b []byte) (b0, b1, b2, b3 words) {
	x := archsimd.BroadcastUint32x4(binary.LittleEndian.Uint32(b)).ReshapeToUint8s().BitsToInt8()
	of := func(n int) words { return permuted(x, &each[n]).ToBits().ReshapeToUint32s().BitsToInt32() }
	return of(0), of(1), of(2), of(3)
}

// zipped returns the bytes of x and y in turn, and zippedPairs pairs of bytes.
func zipped(x, y archsimd.Uint8x16) (lo, hi archsimd.Uint16x8) {
	return x.InterleaveLo(y).ReshapeToUint16s(), x.InterleaveHi(y).ReshapeToUint16s()
}

func zippedPairs(x, y archsimd.Uint16x8) (lo, hi archsimd.Uint8x16) {
	return x.InterleaveLo(y).ReshapeToUint8s(), x.InterleaveHi(y).ReshapeToUint8s()
}
