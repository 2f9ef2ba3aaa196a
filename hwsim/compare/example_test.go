// SPDX-License-Identifier: Apache-2.0

package compare_test

import (
	"fmt"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/compare"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/must"
)

// run charges networks on the paper's accelerator by both timing models.
func run(scope hwsim.Scope, names ...string) []hwsim.Estimate {
	var designs []hwsim.Estimate
	for _, name := range names {
		w := must.M1(workload.FromNetwork(must.M1(efficientvit.Describe(name))))
		result := must.M1(closed.Charge(w, arch.ZCU102(), scope))
		simulated := must.M1(event.Simulate(w, arch.ZCU102(), event.Options{Scope: scope, Pipelines: hwsim.BothPipelines}))
		designs = append(designs, result.Estimate(), simulated.Estimate(energy.Derived45nm()))
	}
	return designs
}

// brief returns a table without the assumptions of its accelerators.
func brief(t *compare.Table) string {
	page, _, _ := strings.Cut(t.String(), "computed on ")
	return page
}

func ExampleAccelerators() {
	designs := run(hwsim.Backbone, "b1-r224", "b1-r288", "b2-r224")
	fmt.Print(brief(compare.Accelerators(designs...)))
	// Output:
	// Accelerators (Table VIII of the paper, whose own cells are not at hand)
	//                                          network    DSPs      FPS     GOPS   GOPS/W  GOPS/DSP  FPS/DSP  GOPS/W of events
	//                   printed:
	//         Trio-ViT on ZCU102  EfficientViT-B1-R224  1024 I        U        U        U         U        U
	//   companion of Trio-ViT on
	//                     ZCU102  EfficientViT-B1-R224  1024 I        U  780.2 V  105.1 V   0.762 I        U
	//     Auto-ViT-Acc, fixed on
	//                     ZCU102            DeiT-Small  1936 M   77.4 M  711.2 M   84.1 M   0.367 V   0.04 V
	//     Auto-ViT-Acc, fixed on
	//                     ZCU102             DeiT-Base       U        U        U        U   0.435 V  0.013 V
	//    Auto-ViT-Acc, fixed and
	//     power of two on ZCU102            DeiT-Small       U    124 M        U        U   0.585 V  0.064 V
	//    Auto-ViT-Acc, fixed and
	//     power of two on ZCU102             DeiT-Base       U        U        U        U   0.759 V  0.022 V
	//       Auto-ViT-Acc, mixed,
	//        lower bit on ZCU102             DeiT-Base       U   56.8 V        U        U         U        U
	//     Huang et al. on ZCU102             DeiT-Tiny       U  245.3 V        U        U   0.486 V        U
	//     Huang et al. on ZCU102            DeiT-Small       U   89.7 V        U        U   0.601 V        U
	//     Huang et al. on ZCU102   average of networks       U        U  762.7 V        U         U        U
	//          HeatViT on ZCU102             DeiT-Tiny       U        U        U        U    0.16 V        U
	//          HeatViT on ZCU102            DeiT-Small       U        U        U        U   0.174 V        U
	//           ViA on Alveo U50             Swin-Tiny  2420 M   34.4 M  309.6 M   7.94 M   0.128 M        U
	//                  computed:
	//         Trio-ViT on ZCU102
	//    (closed form, backbone)  efficientvit-b1-r224  1024 C  798.9 C  781.9 C        U   0.764 C  0.780 C                 U
	//         Trio-ViT on ZCU102
	//   (event-driven, backbone,
	//            both pipelines)  efficientvit-b1-r224  1024 C  674.7 C  660.3 C        U   0.645 C  0.659 C           374.3 C
	//         Trio-ViT on ZCU102
	//    (closed form, backbone)  efficientvit-b1-r288  1024 C  475.5 C  769.3 C        U   0.751 C  0.464 C                 U
	//         Trio-ViT on ZCU102
	//   (event-driven, backbone,
	//            both pipelines)  efficientvit-b1-r288  1024 C  422.2 C  683.0 C        U   0.667 C  0.412 C           461.1 C
	//         Trio-ViT on ZCU102
	//    (closed form, backbone)  efficientvit-b2-r224  1024 C  262.5 C  791.0 C        U   0.772 C  0.256 C                 U
	//         Trio-ViT on ZCU102
	//   (event-driven, backbone,
	//            both pipelines)  efficientvit-b2-r224  1024 C  221.5 C  667.5 C        U   0.652 C  0.216 C           387.9 C
	// note: DSPs of Trio-ViT on ZCU102 are the engines', as the papers count them: with its auxiliary units it has 1616 by
	//   an estimate of our own
	// note: events of closed form, backbone: the closed form counts no memory accesses
	// note: events of event-driven, backbone, both pipelines: by 45 nm, 0.9 V, rough, with derived entries (Horowitz,
	//   ISSCC 2014, Fig. 1.1.9), without leakage, clock, control and the host
	// V verified, I inferred, M from memory, U unknown, C computed; a ratio has the marks of both operands
}

func ExampleSpeedups() {
	designs := run(hwsim.Whole, "b1-r224", "b2-r224")
	fmt.Print(brief(compare.Speedups(designs...)))
	// Output:
	// Pictures per second, beside processors with the same network (Fig. 10)
	//                                          network      FPS  FPS of the platform     speed-up
	//                  computed:
	//         Trio-ViT on ZCU102
	//       (closed form, whole)
	//           over Jetson Nano  efficientvit-b1-r224  764.1 C            40.29 I/I  18.97 C/I/I
	//         Trio-ViT on ZCU102
	//       (closed form, whole)
	//           over Jetson Orin  efficientvit-b1-r224  764.1 C            676.0 I/I   1.13 C/I/I
	//         Trio-ViT on ZCU102
	//       (closed form, whole)
	//   over EdgeCPU (Snapdragon
	//                   8 Gen 1)  efficientvit-b1-r224  764.1 C            52.60 I/I  14.53 C/I/I
	//         Trio-ViT on ZCU102
	//      (event-driven, whole,
	//       both pipelines) over
	//                Jetson Nano  efficientvit-b1-r224  569.7 C            40.29 I/I  14.14 C/I/I
	//         Trio-ViT on ZCU102
	//      (event-driven, whole,
	//       both pipelines) over
	//                Jetson Orin  efficientvit-b1-r224  569.7 C            676.0 I/I  0.843 C/I/I
	//         Trio-ViT on ZCU102
	//      (event-driven, whole,
	//       both pipelines) over
	//      EdgeCPU (Snapdragon 8
	//                     Gen 1)  efficientvit-b1-r224  569.7 C            52.60 I/I  10.83 C/I/I
	//         Trio-ViT on ZCU102
	//       (closed form, whole)
	//           over Jetson Nano  efficientvit-b2-r224  254.0 C            19.75 I/I  12.86 C/I/I
	//         Trio-ViT on ZCU102
	//       (closed form, whole)
	//           over Jetson Orin  efficientvit-b2-r224  254.0 C            380.3 I/I  0.668 C/I/I
	//         Trio-ViT on ZCU102
	//       (closed form, whole)
	//   over EdgeCPU (Snapdragon
	//                   8 Gen 1)  efficientvit-b2-r224  254.0 C                    U            U
	//         Trio-ViT on ZCU102
	//      (event-driven, whole,
	//       both pipelines) over
	//                Jetson Nano  efficientvit-b2-r224  196.3 C            19.75 I/I   9.94 C/I/I
	//         Trio-ViT on ZCU102
	//      (event-driven, whole,
	//       both pipelines) over
	//                Jetson Orin  efficientvit-b2-r224  196.3 C            380.3 I/I  0.516 C/I/I
	//         Trio-ViT on ZCU102
	//      (event-driven, whole,
	//       both pipelines) over
	//      EdgeCPU (Snapdragon 8
	//                     Gen 1)  efficientvit-b2-r224  196.3 C                    U            U
	// note: efficientvit-b1-r224: operations that only a host can do take no time, 1 of them
	// note: efficientvit-b2-r224: operations that only a host can do take no time, 1 of them
	// V verified, I inferred, M from memory, U unknown, C computed; a ratio has the marks of both operands
}

// The headline ratios of the paper. Their printed operands are not at hand.
func ExampleRatios() {
	designs := run(hwsim.Backbone, "b1-r224", "b1-r288", "b2-r224")
	fmt.Print(brief(compare.Ratios(designs...)))
	// Output:
	// Claimed ratios, recomputed where the operands are known
	//                                          network  claimed      own    other      ratio
	//                   printed:
	//     FPS over Auto-ViT-Acc,
	//    fixed and power of two,
	//                 DeiT-Small  EfficientViT-B1-R288    3.6 V        U    124 M          U
	//     FPS over Huang et al.,
	//                 DeiT-Small  EfficientViT-B1-R288      5 V        U   89.7 V          U
	//    FPS over ViA, Swin-Tiny  EfficientViT-B2-R224    7.3 V        U   34.4 M          U
	//     FPS over Auto-ViT-Acc,
	//    fixed and power of two,
	//                 DeiT-Small  EfficientViT-B1-R288    3.6 V  453.6 I    124 M   3.66 I/M
	//     FPS over Huang et al.,
	//                 DeiT-Small  EfficientViT-B1-R288      5 V  453.6 I   89.7 V   5.06 I/V
	//    FPS over ViA, Swin-Tiny  EfficientViT-B2-R224    7.3 V  243.8 I   34.4 M   7.09 I/M
	//    FPS over an accelerator
	//                  not named             not named    7.2 V        U        U          U
	//    FPS over an accelerator
	//                  not named             not named   14.6 V        U        U          U
	//           GOPS/DSP over an
	//      accelerator not named             not named    5.9 V        U        U          U
	//           GOPS/DSP over an
	//      accelerator not named             not named      2 V        U        U          U
	//           GOPS/DSP over an
	//      accelerator not named             not named    2.1 V        U        U          U
	//    GOPS over Auto-ViT-Acc,
	//          fixed, DeiT-Small  EfficientViT-B1-R224    1.1 V  780.2 V  711.2 M   1.10 V/M
	//                GOPS/W over
	//       Auto-ViT-Acc, fixed,
	//                 DeiT-Small  EfficientViT-B1-R224   1.25 V  105.1 V   84.1 M   1.25 V/M
	//              GOPS/DSP over
	//       Auto-ViT-Acc, fixed,
	//                 DeiT-Small  EfficientViT-B1-R224    2.1 V  0.762 I  0.367 V   2.08 I/V
	//   GOPS over ViA, Swin-Tiny  EfficientViT-B1-R224      2 V  780.2 V  309.6 M   2.52 V/M
	//           GOPS/W over ViA,
	//                  Swin-Tiny  EfficientViT-B1-R224   13.3 V  105.1 V   7.94 M  13.24 V/M
	//         GOPS/DSP over ViA,
	//                  Swin-Tiny  EfficientViT-B1-R224    5.9 V  0.762 I  0.128 M   5.95 I/M
	//         GOPS over EdgeCPU,
	//       EfficientViT-B1-R224  EfficientViT-B1-R224   14.3 V  780.2 V   54.7 I  14.26 V/I
	//       GOPS/W over EdgeCPU,
	//       EfficientViT-B1-R224  EfficientViT-B1-R224   21.1 V  105.1 V        U          U
	//                  computed:
	//     FPS over Auto-ViT-Acc,
	//    fixed and power of two,
	//   DeiT-Small, closed form,
	//                   backbone  EfficientViT-B1-R288    3.6 V  475.5 C    124 M   3.83 C/M
	//     FPS over Auto-ViT-Acc,
	//    fixed and power of two,
	//                DeiT-Small,
	//    event-driven, backbone,
	//             both pipelines  EfficientViT-B1-R288    3.6 V  422.2 C    124 M   3.40 C/M
	//     FPS over Huang et al.,
	//   DeiT-Small, closed form,
	//                   backbone  EfficientViT-B1-R288      5 V  475.5 C   89.7 V   5.30 C/V
	//     FPS over Huang et al.,
	//                DeiT-Small,
	//    event-driven, backbone,
	//             both pipelines  EfficientViT-B1-R288      5 V  422.2 C   89.7 V   4.71 C/V
	//   FPS over ViA, Swin-Tiny,
	//      closed form, backbone  EfficientViT-B2-R224    7.3 V  262.5 C   34.4 M   7.63 C/M
	//   FPS over ViA, Swin-Tiny,
	//    event-driven, backbone,
	//             both pipelines  EfficientViT-B2-R224    7.3 V  221.5 C   34.4 M   6.44 C/M
	//    GOPS over Auto-ViT-Acc,
	//         fixed, DeiT-Small,
	//      closed form, backbone  EfficientViT-B1-R224    1.1 V  781.9 C  711.2 M   1.10 C/M
	//    GOPS over Auto-ViT-Acc,
	//         fixed, DeiT-Small,
	//    event-driven, backbone,
	//             both pipelines  EfficientViT-B1-R224    1.1 V  660.3 C  711.2 M  0.928 C/M
	//                GOPS/W over
	//       Auto-ViT-Acc, fixed,
	//   DeiT-Small, closed form,
	//                   backbone  EfficientViT-B1-R224   1.25 V        U   84.1 M          U
	//                GOPS/W over
	//       Auto-ViT-Acc, fixed,
	//                DeiT-Small,
	//    event-driven, backbone,
	//             both pipelines  EfficientViT-B1-R224   1.25 V        U   84.1 M          U
	//              GOPS/DSP over
	//       Auto-ViT-Acc, fixed,
	//   DeiT-Small, closed form,
	//                   backbone  EfficientViT-B1-R224    2.1 V  0.764 C  0.367 V   2.08 C/V
	//              GOPS/DSP over
	//       Auto-ViT-Acc, fixed,
	//                DeiT-Small,
	//    event-driven, backbone,
	//             both pipelines  EfficientViT-B1-R224    2.1 V  0.645 C  0.367 V   1.76 C/V
	//             GOPS over ViA,
	//    Swin-Tiny, closed form,
	//                   backbone  EfficientViT-B1-R224      2 V  781.9 C  309.6 M   2.53 C/M
	//             GOPS over ViA,
	//   Swin-Tiny, event-driven,
	//   backbone, both pipelines  EfficientViT-B1-R224      2 V  660.3 C  309.6 M   2.13 C/M
	//           GOPS/W over ViA,
	//    Swin-Tiny, closed form,
	//                   backbone  EfficientViT-B1-R224   13.3 V        U   7.94 M          U
	//           GOPS/W over ViA,
	//   Swin-Tiny, event-driven,
	//   backbone, both pipelines  EfficientViT-B1-R224   13.3 V        U   7.94 M          U
	//         GOPS/DSP over ViA,
	//    Swin-Tiny, closed form,
	//                   backbone  EfficientViT-B1-R224    5.9 V  0.764 C  0.128 M   5.97 C/M
	//         GOPS/DSP over ViA,
	//   Swin-Tiny, event-driven,
	//   backbone, both pipelines  EfficientViT-B1-R224    5.9 V  0.645 C  0.128 M   5.04 C/M
	//         GOPS over EdgeCPU,
	//      EfficientViT-B1-R224,
	//      closed form, backbone  EfficientViT-B1-R224   14.3 V  781.9 C   54.7 I  14.29 C/I
	//         GOPS over EdgeCPU,
	//      EfficientViT-B1-R224,
	//    event-driven, backbone,
	//             both pipelines  EfficientViT-B1-R224   14.3 V  660.3 C   54.7 I  12.07 C/I
	//       GOPS/W over EdgeCPU,
	//      EfficientViT-B1-R224,
	//      closed form, backbone  EfficientViT-B1-R224   21.1 V        U        U          U
	//       GOPS/W over EdgeCPU,
	//      EfficientViT-B1-R224,
	//    event-driven, backbone,
	//             both pipelines  EfficientViT-B1-R224   21.1 V        U        U          U
	// V verified, I inferred, M from memory, U unknown, C computed; a ratio has the marks of both operands
}

func ExamplePlatforms() {
	designs := run(hwsim.Whole, "b1-r224", "b2-r224")
	fmt.Print(brief(compare.Platforms(designs...)))
	// Output:
	// Throughput in GOPS on processors (Fig. 10 of the paper)
	//                            DeiT-Tiny  DeiT-Small  DeiT-Base  EfficientViT-B1-R224  EfficientViT-B2-R224
	//                  printed:
	//   FasterTransformer (GPU)   1566.3 I    3016.4 I   4297.9 I
	//              I-BERT (GPU)   1494.3 I    2822.1 I   4136.3 I
	//               I-ViT (GPU)   1614.9 I    3097.6 I   4438.8 I
	//          EdgeGPU Tegra X2    136.6 I     281.3 I    382.3 I
	//               Jetson Nano                                                  41.9 I                63.2 I
	//               Jetson Orin                                                   703 I                1217 I
	//     EdgeCPU (Snapdragon 8
	//                    Gen 1)                                                  54.7 I                     U
	//                 computed:
	//        Trio-ViT on ZCU102
	//      (closed form, whole)                                               794.7 C/I
	//        Trio-ViT on ZCU102
	//     (event-driven, whole,
	//           both pipelines)                                               592.5 C/I
	//        Trio-ViT on ZCU102
	//      (closed form, whole)                                                                     812.9 C/I
	//        Trio-ViT on ZCU102
	//     (event-driven, whole,
	//           both pipelines)                                                                     628.2 C/I
	// note: efficientvit-b1-r224: operations that only a host can do take no time, 1 of them
	// note: efficientvit-b2-r224: operations that only a host can do take no time, 1 of them
	// note: Fig. 10 prints also 6242 and 6328 GOPS, whose bars are not known
	// V verified, I inferred, M from memory, U unknown, C computed; a ratio has the marks of both operands
}
