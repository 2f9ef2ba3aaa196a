// SPDX-License-Identifier: Apache-2.0

// Package integer is the arithmetic of a quantized EfficientViT: small pure functions that
// define each operation on integers, and a [Model] that lists the operations of a network
// with their integer parameters. The page calib/INTEGER.md defines the same in words; each
// type names its section.
//
// An operation is a type with three parts. Its fields are its parameters, as an artefact
// stores them. A method, mostly called Of, computes one element of the result; every
// executor calls it or equals it bit for bit. Infer returns the shape of the result and an
// interval that provably contains its integers, or an error for operands that do not fit.
//
//	h := integer.Hardswish{Three: 1024, Six: 2048} // in steps of 3/1024
//	a, err := integer.NewAffine(f, 0, 18)          // a real factor for one DSP slice
//	code := a.Of(h.Of(x))                          // of one 16-bit pre-activation
//
// Constructors turn real numbers into integer parameters. They belong to
// freezing; nothing that runs a model computes with floats.
//
// A model is a file too, the artefact (docs/ARTEFACT.md): [Model.WriteFile] and
// [ReadFile]. [Model.Codes] brings a decoded picture to its input.
//
// [Model.Run] is the reference executor: plain loops over these functions. A range of
// the operations runs alone, on the tensors that it reads:
//
//	cut, err := m.Cut(first, end)
//	outputs, err := cut.Run(inputs...) // of cut.Outputs, from cut.Inputs
//
// Package fast computes the same integers as fast as the processor can. Neither links
// a tensor library.
package integer
