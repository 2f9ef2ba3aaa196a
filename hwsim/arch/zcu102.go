// SPDX-License-Identifier: Apache-2.0

package arch

import "github.com/gotriovit/gotriovit/triovit/integer"

// ZCU102 returns the paper's accelerator on the board of that name: R-MAC and MAT engines
// of 8 lanes of 8 MACs, 16 copies of both, 200 MHz, two multiplications per DSP. Values
// that the paper and its companion do not state are chosen so that the engines seldom
// wait; [Config.Assumptions] lists them.
func ZCU102() Config {
	return Config{
		Name:                   "Trio-ViT on ZCU102",
		MAT:                    Engine{Lanes: 8, MACs: 8},
		RMAC:                   Engine{Lanes: 8, MACs: 8},
		Depthwise:              Reconfigured,
		Copies:                 16,
		CopiesShare:            Pixels,
		ClockMHz:               200,
		MultiplierBits:         8,
		MultiplicationsPerDSP:  2,
		MultiplicationsPerDSP4: 3,
		Division:               Log2Division,
		Buffers: Buffers{
			Input:   Buffer{KiB: 1024, PortBytes: 1024},
			Weight:  Buffer{KiB: 512, PortBytes: 128},
			Output:  Buffer{KiB: 1024, PortBytes: 1024},
			Divisor: Buffer{KiB: 8, PortBytes: 16},
		},
		OffChip: OffChip{MBPerS: 19200, LatencyCycles: 100},
		Auxiliary: Auxiliary{
			SumK: 8, Log2: 1, Shifter: 4, Dividers: 16, DividerInterval: 8, DividerLatency: 8, Requantize: 21,
			Activation: 8, Add: 8, Resize: 1, Pool: 16,
			MultiplierBits: integer.MultiplierPort, AccumulatorBits: integer.OperandPort,
		},
	}
}
