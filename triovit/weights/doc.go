// SPDX-License-Identifier: Apache-2.0

// Package weights reads the trained parameters of a network from checkpoint
// files, without PyTorch and without trusting the files.
//
// EfficientViT's checkpoints come in two forms. The official ones are written
// by torch.save: a zip archive with one pickle, which says how tensors view
// storages, and one entry of raw bytes per storage. A pickle is a program, and
// PyTorch's loader may run what it names. [Open] instead interprets it with a
// small machine that knows dicts, tensors and storages only: an object of any
// other class is a name to it, and nothing is run. timm's checkpoints, and those
// of this project, are [safetensors] files: a JSON header and the raw bytes.
//
// A training file holds several dicts of tensors beside other objects. [File]
// lists them by names and shapes, those first that the loaders of timm and MIT
// prefer, and reads the values of the chosen one only. The result is a [Set], a
// map from a parameter's name to a float32 [Tensor] in the reference's layout:
// nothing is transposed or folded here.
//
// The steps are plain: read a set, check it against the names and shapes that
// a network needs, use it. [Read] takes the dict that the loaders prefer.
//
//	set, err := weights.Read("efficientvit_seg_b0_cityscapes.pt")
//	if err != nil {
//		return err
//	}
//	if err := set.Check(map[string][]int{"head.output_ops.0.op_list.1.conv.weight": {19, 32, 1, 1}}); err != nil {
//		return err // one line: how many are missing, extra or misshapen, and which
//	}
//
// A file may be truncated, damaged or made to harm. Its claims about sizes are compared
// with the size of the file before memory is allocated, so that reading holds at most
// twice the file and 64 MiB. NaN and infinite values are accepted as values; a finite one
// that float32 cannot hold is an error.
//
// [Synthetic] fills the names and shapes of a network by formula, so that a
// forward pass can be compared with the reference where no checkpoint exists.
//
// [safetensors]: https://github.com/huggingface/safetensors
package weights
