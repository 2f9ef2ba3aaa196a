// SPDX-License-Identifier: Apache-2.0

//go:build goexperiment.simd

package kernel

import (
	"encoding/binary"
	"simd/archsimd"
)

// vectorSet is the name of the kernels in vectors of 128 bits. Go's vectors have neither
// the sums of two products nor the permutations of two vectors that WebAssembly has.
const vectorSet = "wasm"

// productSum returns x·y + z.
func productSum(x, y, z words) words { return x.Mul(y).Add(z) }

// products returns the 64-bit products of the first two lanes, and of the last two.
func products(x, y words) (lo, hi archsimd.Int64x2) { return x.MulWidenLo(y), x.MulWidenHi(y) }

// The bytes that a permutation takes from one of several vectors; -1 is none.
var (
	highs = [2][16]int8{
		{4, 5, 6, 7, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1, 4, 5, 6, 7, 12, 13, 14, 15},
	}
	lows = [2][16]int8{
		{0, 1, 2, 3, 8, 9, 10, 11, -1, -1, -1, -1, -1, -1, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1, 0, 1, 2, 3, 8, 9, 10, 11},
	}
	lowest = [4][16]int8{
		{0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
		{-1, -1, -1, -1, 0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12, -1, -1, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12},
	}
)

func permuted(x archsimd.Uint8x16, order *[16]int8) archsimd.Uint8x16 {
	return x.BitsToInt8().LookupOrZero(archsimd.LoadInt8x16Array(order)).ToBits()
}

// joinedWords permutes two vectors and joins them.
func joinedWords(lo, hi archsimd.Int64x2, order *[2][16]int8) words {
	return permuted(lo.ToBits().ReshapeToUint8s(), &order[0]).Or(permuted(hi.ToBits().ReshapeToUint8s(), &order[1])).ReshapeToUint32s().BitsToInt32()
}

// highWords returns the high 32 bits of four lanes, lowWords the low ones.
func highWords(lo, hi archsimd.Int64x2) words { return joinedWords(lo, hi, &highs) }
func lowWords(lo, hi archsimd.Int64x2) words  { return joinedWords(lo, hi, &lows) }

// shifts prepares the numbers of bits for shiftedRight. WebAssembly shifts all lanes by
// one number. So lanes are multiplied by a power of two, negative since 2^31 has no int32.
func shifts(s []int32) words {
	var by [4]int32
	for i := range by {
		by[i] = -int32(uint32(1) << 31 >> s[i])
	}
	return archsimd.LoadInt32x4Array(&by)
}

// shiftedRight shifts each lane to the right by its own number of bits.
func shiftedRight(x, by words) words {
	lo, hi := products(x, by)
	return highWords(lo.Neg().ShiftAllLeft(1), hi.Neg().ShiftAllLeft(1))
}

// lowestBytes returns the lowest bytes of sixteen lanes.
func lowestBytes(a, b, c, d words) archsimd.Uint8x16 {
	bytes := func(x words, at int) archsimd.Uint8x16 { return permuted(x.ToBits().ReshapeToUint8s(), &lowest[at]) }
	return bytes(a, 0).Or(bytes(b, 1)).Or(bytes(c, 2).Or(bytes(d, 3)))
}

// extended returns sixteen bytes as lanes.
func extended(x archsimd.Uint8x16) (a, b, c, d words) {
	lo, hi := x.ExtendLo8ToUint16(), x.ExtendHi8ToUint16()
	return lo.ExtendLo4ToUint32().BitsToInt32(), lo.ExtendHi4ToUint32().BitsToInt32(),
		hi.ExtendLo4ToUint32().BitsToInt32(), hi.ExtendHi4ToUint32().BitsToInt32()
}

// signedBytes returns the bytes of four lanes: the lowest ones, the next ones, and so on.
func signedBytes(b archsimd.Int8x16) (b0, b1, b2, b3 words) {
	x := b.ToBits().ReshapeToUint32s().BitsToInt32()
	return x.ShiftAllLeft(24).ShiftAllRight(24), x.ShiftAllLeft(16).ShiftAllRight(24), x.ShiftAllLeft(8).ShiftAllRight(24), x.ShiftAllRight(24)
}

// unsignedBytes is signedBytes of unsigned bytes.
func unsignedBytes(b archsimd.Uint8x16) (b0, b1, b2, b3 words) {
	x, low := b.ReshapeToUint32s(), archsimd.BroadcastUint32x4(0xff)
	return x.And(low).BitsToInt32(), x.ShiftAllRight(8).And(low).BitsToInt32(), x.ShiftAllRight(16).And(low).BitsToInt32(), x.ShiftAllRight(24).BitsToInt32()
}

// four returns four bytes, each in every lane.
func four(b []byte) (b0, b1, b2, b3 words) {
	v := binary.LittleEndian.Uint32(b)
	return archsimd.BroadcastInt32x4(int32(v & 0xff)), archsimd.BroadcastInt32x4(int32(v >> 8 & 0xff)), archsimd.BroadcastInt32x4(int32(v >> 16 & 0xff)), archsimd.BroadcastInt32x4(int32(v >> 24))
}

// zipped returns the bytes of x and y in turn, and zippedPairs pairs of bytes.
func zipped(x, y archsimd.Uint8x16) (lo, hi archsimd.Uint16x8) {
	return x.ExtendLo8ToUint16().Or(y.ExtendLo8ToUint16().ShiftAllLeft(8)), x.ExtendHi8ToUint16().Or(y.ExtendHi8ToUint16().ShiftAllLeft(8))
}

func zippedPairs(x, y archsimd.Uint16x8) (lo, hi archsimd.Uint8x16) {
	return x.ExtendLo4ToUint32().Or(y.ExtendLo4ToUint32().ShiftAllLeft(16)).ReshapeToUint8s(),
		x.ExtendHi4ToUint32().Or(y.ExtendHi4ToUint32().ShiftAllLeft(16)).ReshapeToUint8s()
}
