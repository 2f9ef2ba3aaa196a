// SPDX-License-Identifier: Apache-2.0

package dataset

// An Option changes how a set is read from a folder.
type Option func(*settings)

type settings struct {
	words string
	most  int
}

func apply(options []Option) settings {
	var s settings
	for _, option := range options {
		option(&s)
	}
	return s
}

// Words names a file with the classes of a classification, one a line in the
// order of their indices: the name of the folder, white space, and the words by
// which the class is known. With it a folder may hold a part of the classes
// only. ImageNet's own lists (LOC_synset_mapping.txt, synset_words.txt) are of
// this form; their WordNet ids must be in sorted order, which is the order of
// the indices in every published checkpoint. The development kit's
// map_clsloc.txt has another order and a number in each line, and is sorted.
func Words(path string) Option { return func(s *settings) { s.words = path } }

// AtMost opens n of the pictures, spread evenly over the list, or all if there
// are fewer: a set to calibrate on from a split of which nobody wants to read,
// or hash, every file. With n below 1 it does nothing.
func AtMost(n int) Option { return func(s *settings) { s.most = n } }
