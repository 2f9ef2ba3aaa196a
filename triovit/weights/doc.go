// SPDX-License-Identifier: Apache-2.0

// Package weights reads the trained parameters of a network from checkpoint
// files, without PyTorch and without trusting the files.
//
// EfficientViT's checkpoints come in two forms. torch.save writes the official ones: a
// zip archive with one pickle, which says how tensors view storages, and one entry of
// raw bytes per storage. A pickle is a program, and PyTorch's loader may run the
// functions that it names. [Open] instead interprets the pickle with a small machine
// that knows only dicts, tensors and storages. Of an object of any other class the
// machine keeps only the name of the class, and it runs nothing. timm's checkpoints,
// and those of this project, are [safetensors] files: a JSON header and the raw bytes.
//
// A training file holds several dicts of tensors beside other objects. [File] lists the
// dicts with the names and shapes of their tensors. The dicts that the loaders of timm
// and MIT prefer come first. [File] reads the values of the chosen dict only. The
// result is a [Set], a map from a parameter's name to a float32 [Tensor] in the
// reference's layout: nothing is transposed or folded here.
//
// The steps are: read a set, check it against the names and shapes that a network
// needs, use it. [Read] takes the dict that the loaders prefer.
//
//	set, err := weights.Read("efficientvit_seg_b0_cityscapes.pt")
//	if err != nil {
//		return err
//	}
//	if err := set.Check(map[string][]int{"head.output_ops.0.op_list.1.conv.weight": {19, 32, 1, 1}}); err != nil {
//		return err // one line: how many are missing, extra or misshapen, and which
//	}
//
// A file may be truncated, damaged or malicious. The sizes in the file are compared
// with the size of the file before memory is allocated. Reading therefore uses at most
// twice the file's size plus 64 MiB. NaN and infinite values are accepted as values. A
// finite value that float32 cannot hold is an error.
//
// [Synthetic] computes values for the names and shapes of a network by a formula. A
// forward pass can then be compared with the reference without a checkpoint.
//
// [safetensors]: https://github.com/huggingface/safetensors
package weights
