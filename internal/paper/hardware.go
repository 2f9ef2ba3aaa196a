// SPDX-License-Identifier: Apache-2.0

package paper

import "strings"

// The sources of hardware numbers.
const (
	companion = "companion paper (arXiv 2403.20230, ISCAS 2024)"
	p2vit     = "quoted in P2-ViT (arXiv 2405.19915)"
	abstract  = "abstract of the accelerator's paper"
	ratios    = "fits the companion paper's ratios"
	tableIII  = "Table III is not at hand"
	tableVIII = "Table VIII is not at hand"
	unread    = "not at hand"
	unsure    = "; not confirmed as a baseline of Trio-ViT"
	packed    = "2048 multipliers, two per DSP"
)

// An Accelerator is a row of the paper's comparison with other accelerators: one design
// that runs one network.
type Accelerator struct {
	Name, Device string
	// Network is the name of a workload of hwsim, except for its upper and lower case.
	Network string
	// DSPs is the number of slices used. GOPS counts a multiply-accumulate as two
	// operations.
	DSPs, FPS, GOPS, GOPSPerW, GOPSPerDSP, FPSPerDSP Cell
}

// The designs of [Accelerators].
const (
	TrioViT   = "Trio-ViT"
	Companion = "companion of Trio-ViT"
	AutoFixed = "Auto-ViT-Acc, fixed"
	AutoPoT   = "Auto-ViT-Acc, fixed and power of two"
	AutoMixed = "Auto-ViT-Acc, mixed, lower bit"
	Huang     = "Huang et al."
	HeatViT   = "HeatViT"
	ViA       = "ViA"
)

const (
	zcu102    = "ZCU102"
	deitTiny  = "DeiT-Tiny"
	deitSmall = "DeiT-Small"
	deitBase  = "DeiT-Base"
	swinTiny  = "Swin-Tiny"
	b1R224    = "EfficientViT-B1-R224"
	b1R288    = "EfficientViT-B1-R288"
	b2R224    = "EfficientViT-B2-R224"
)

// Accelerators returns the accelerators of the paper's comparison. The paper's own
// accelerator comes first. A number that is not available here is unknown.
func Accelerators() []Accelerator {
	u := unknown(unread)
	own := unknown(tableVIII)
	return []Accelerator{
		{TrioViT, zcu102, b1R224, inferred(1024, packed), own, own, own, own, own},
		{Companion, zcu102, b1R224, inferred(1024, packed),
			unknown("750 by the paper's 1.04 GOP, 799 by its cycles: not known which is printed"),
			verified(780.2, companion), verified(105.1, companion), inferred(0.762, "780.2 GOPS on 1024 DSPs"), u},
		{AutoFixed, zcu102, deitSmall, recalled(1936, ratios), recalled(77.4, ratios), recalled(711.2, ratios),
			recalled(84.1, ratios), verified(0.367, p2vit), verified(0.040, p2vit)},
		{AutoFixed, zcu102, deitBase, u, u, u, u, verified(0.435, p2vit), verified(0.013, p2vit)},
		{AutoPoT, zcu102, deitSmall, u, recalled(124, ratios), u, u, verified(0.585, p2vit), verified(0.064, p2vit)},
		{AutoPoT, zcu102, deitBase, u, u, u, u, verified(0.759, p2vit), verified(0.022, p2vit)},
		{AutoMixed, zcu102, deitBase, u, verified(56.8, abstract), u, u, u, u},
		{Huang, zcu102, deitTiny, u, verified(245.3, abstract+": 4.077 ms"), u, u, verified(0.486, p2vit), u},
		{Huang, zcu102, deitSmall, u, verified(89.7, abstract+": 11.15 ms"), u, u, verified(0.601, p2vit), u},
		{Huang, zcu102, "average of networks", u, u, verified(762.7, abstract), u, u, u},
		{HeatViT, zcu102, deitTiny, u, u, u, u, verified(0.160, p2vit+unsure), u},
		{HeatViT, zcu102, deitSmall, u, u, u, u, verified(0.174, p2vit+unsure), u},
		{ViA, "Alveo U50", swinTiny, recalled(2420, ratios), recalled(34.4, "309.6 GOPS at 9 GOP"), recalled(309.6, ratios),
			recalled(7.94, ratios), recalled(0.128, "309.6 GOPS on 2420 DSPs"), u},
	}
}

// Used holds the resources of a chip that a design uses.
type Used struct {
	Name, Device string
	// BRAMs is the number of blocks of 36 Kbit.
	DSPs, BRAMs, LUTs, FFs Cell
}

// Resources returns Table III: the resources of the ZCU102 that the paper's accelerator
// uses. Only the number of the arrays' DSPs is available here. It follows from the
// packing.
func Resources() []Used {
	u := unknown(tableIII)
	return []Used{{TrioViT, zcu102, row(TrioViT, b1R224).DSPs, u, u, u}}
}

// CompanionB1 returns the companion paper's accelerator with the network B1 at 224
// pixels.
func CompanionB1() Accelerator { return row(Companion, b1R224) }

// A Platform is a group of bars in Fig. 10: a processor with its software.
type Platform struct {
	Name string
	Bars []Bar
}

// A Bar is one throughput of Fig. 10, in GOPS. It is the number of operations of the
// network (see [NetworkGOP]) divided by its latency.
type Bar struct {
	Network string
	GOPS    Cell
}

// Platforms returns the groups of Fig. 10. The figure prints the throughputs. Their
// assignment to bars was inferred from the latencies that the platforms publish.
func Platforms() []Platform {
	deits := func(name, basis string, tiny, small, base float64) Platform {
		return Platform{name, []Bar{
			{deitTiny, inferred(tiny, basis)}, {deitSmall, inferred(small, basis)}, {deitBase, inferred(base, basis)}}}
	}
	efficient := func(name string, b1, b2 Cell) Platform {
		return Platform{name, []Bar{{b1R224, b1}, {b2R224, b2}}}
	}
	const readme = "printed in Fig. 10; fits the latencies in EfficientViT's README"
	return []Platform{
		deits("FasterTransformer (GPU)", "printed in Fig. 10; fits 1.66, 3.05 and 8.19 ms", 1566.3, 3016.4, 4297.9),
		deits("I-BERT (GPU)", "printed in Fig. 10; fits 1.74, 3.26 and 8.51 ms", 1494.3, 2822.1, 4136.3),
		deits("I-ViT (GPU)", "printed in Fig. 10; fits 1.61, 2.97 and 7.93 ms", 1614.9, 3097.6, 4438.8),
		deits("EdgeGPU Tegra X2", "printed in Fig. 10; the triple that is left over", 136.6, 281.3, 382.3),
		efficient("Jetson Nano", inferred(41.9, readme+": 24.8 ms"), inferred(63.2, readme+": 50.6 ms")),
		efficient("Jetson Orin", inferred(703, readme+": 1.48 ms"), inferred(1217, readme+": 2.63 ms")),
		efficient("EdgeCPU (Snapdragon 8 Gen 1)", inferred(54.7, readme+" of April 2023: 19 ms"),
			unknown("58.2 by 55 ms in the README of April 2023, not seen in Fig. 10")),
	}
}

// Unplaced returns the throughputs that Fig. 10 prints but whose bars are not known, in
// GOPS.
func Unplaced() []float64 { return []float64{6242, 6328} }

// NetworkGOP returns the number of operations of a network in 10⁹, two per
// multiply-accumulate. With this number Fig. 10 converts latencies into throughputs.
// The number is unknown for a network that the figure does not have. The case of the
// name is ignored.
func NetworkGOP(network string) Cell {
	const readme = "twice the MACs in EfficientViT's README; throughputs in Fig. 10 by published latencies"
	const figure = "throughputs in Fig. 10 by published latencies"
	for _, n := range []struct {
		name string
		gop  Cell
	}{
		{deitTiny, inferred(2.6, figure)}, {deitSmall, inferred(9.2, figure)}, {deitBase, inferred(35.2, figure)},
		{b1R224, inferred(1.04, readme)}, {b2R224, inferred(3.2, readme)},
	} {
		if strings.EqualFold(n.name, network) {
			return n.gop
		}
	}
	return unknown("no network of Fig. 10")
}

// A Metric is the quantity of which a [Ratio] compares two values.
type Metric string

// The metrics.
const (
	FPS        Metric = "FPS"
	GOPS       Metric = "GOPS"
	GOPSPerW   Metric = "GOPS/W"
	GOPSPerDSP Metric = "GOPS/DSP"
)

// A Ratio is a claim of the paper or its companion: the printed factor by which one
// design is better than another.
type Ratio struct {
	Metric  Metric
	Printed Cell
	// Network is the network that the paper's design runs.
	Network string
	// Over names the other design and its network. It is empty if they are not known.
	Over string
	// Ours and Theirs are the values of the two designs, whose ratio is claimed.
	Ours, Theirs Cell
}

// Ratios returns the claims. The compared networks are inferred. Our value of version
// 3's three ratios of FPS is not available here. These ratios are therefore listed a
// second time, with the hypothesis that the design reaches 780.2 GOPS. The resulting
// ratios are within 4 % of the printed ones.
func Ratios() []Ratio {
	const (
		v3       = "introduction of version 3"
		v3Sum    = "abstract of version 3"
		v1       = "abstract of version 1"
		cpu      = "EdgeCPU, " + b1R224
		expected = "hypothesis: 780.2 GOPS, as the companion has, by "
	)
	table := unknown(tableVIII)
	pairing := unknown("not said which designs are compared")
	auto, pot, huang, via := row(AutoFixed, deitSmall), row(AutoPoT, deitSmall), row(Huang, deitSmall), row(ViA, swinTiny)
	own := CompanionB1()
	over := func(a Accelerator) string { return a.Name + ", " + a.Network }
	return []Ratio{
		{FPS, verified(3.6, v3), b1R288, over(pot), table, pot.FPS},
		{FPS, verified(5.0, v3), b1R288, over(huang), table, huang.FPS},
		{FPS, verified(7.3, v3), b2R224, over(via), table, via.FPS},
		{FPS, verified(3.6, v3), b1R288, over(pot), inferred(453.6, expected+"1.72 GOP"), pot.FPS},
		{FPS, verified(5.0, v3), b1R288, over(huang), inferred(453.6, expected+"1.72 GOP"), huang.FPS},
		{FPS, verified(7.3, v3), b2R224, over(via), inferred(243.8, expected+"3.2 GOP"), via.FPS},
		{FPS, verified(7.2, v1), "", "", table, pairing},
		{FPS, verified(14.6, v1), "", "", table, pairing},
		{GOPSPerDSP, verified(5.9, v1), "", "", table, pairing},
		{GOPSPerDSP, verified(2.0, v1), "", "", table, pairing},
		{GOPSPerDSP, verified(2.1, v3Sum), "", "", table, pairing},
		{GOPS, verified(1.1, companion), b1R224, over(auto), own.GOPS, auto.GOPS},
		{GOPSPerW, verified(1.25, companion), b1R224, over(auto), own.GOPSPerW, auto.GOPSPerW},
		{GOPSPerDSP, verified(2.1, companion), b1R224, over(auto), own.GOPSPerDSP, auto.GOPSPerDSP},
		{GOPS, verified(2.0, companion+", text"), b1R224, over(via), own.GOPS, via.GOPS},
		{GOPSPerW, verified(13.3, companion), b1R224, over(via), own.GOPSPerW, via.GOPSPerW},
		{GOPSPerDSP, verified(5.9, companion), b1R224, over(via), own.GOPSPerDSP, via.GOPSPerDSP},
		{GOPS, verified(14.3, companion), b1R224, cpu, own.GOPS, inferred(54.7, "the CPU of Fig. 10")},
		{GOPSPerW, verified(21.1, companion), b1R224, cpu, own.GOPSPerW, unknown(unread)},
	}
}

// row returns the accelerator with a name and a network in [Accelerators].
func row(name, network string) Accelerator {
	rows := Accelerators()
	i := 0
	for rows[i].Name != name || rows[i].Network != network {
		i++
	}
	return rows[i]
}
