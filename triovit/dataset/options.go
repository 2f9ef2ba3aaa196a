// SPDX-License-Identifier: Apache-2.0

package dataset

// An Option changes how a set is read from a folder.
type Option func(*settings)

type settings struct {
	words, beside, unlike string
	order                 *Order // nil where none was given
	most                  int
	remarks               []string
}

func apply(options []Option) *settings {
	s := new(settings)
	for _, option := range options {
		option(s)
	}
	return s
}

// Words names a file with the classes of a classification, one a line in the
// order of their indices: the name of the folder, white space, and the words by
// which the class is known, or the name of the folder alone. With it a folder may
// hold a part of the classes only. The text is UTF-8, or UTF-16 with a byte order
// mark.
//
// ImageNet's own lists (LOC_synset_mapping.txt, synset_words.txt) are of this
// form. A list of 1,000 WordNet ids must be in sorted order, which is the order of
// the indices in every published checkpoint. The development kit's
// map_clsloc.txt has another order and a number in each line, and is sorted.
func Words(path string) Option { return func(s *settings) { s.words = path } }

// Ordered numbers the classes of a classification in an order, those of a list of
// [Words] too; a list without all of the folders is left out then. Without it and
// without a list they are numbered in [TextOrder].
func Ordered(o Order) Option { return func(s *settings) { s.order = &o } }

// Beside names the folder of another split of a classification. The classes are
// those of the split that has more, and a class that only the smaller split has is
// an error. With [Words] it does nothing.
func Beside(dir string) Option { return func(s *settings) { s.beside = dir } }

// Unlike names a file with the classes of a classification in an order that some
// people number them by, as Tiny ImageNet's wnids.txt: where it differs from the
// order that is taken, a remark says so. With [Words] it does nothing.
func Unlike(path string) Option { return func(s *settings) { s.unlike = path } }

// AtMost opens n of the pictures, spread evenly over the list, or all if there
// are fewer: a set to calibrate on from a split of which nobody wants to read,
// or hash, every file. With n below 1 it does nothing.
func AtMost(n int) Option { return func(s *settings) { s.most = n } }

// Remark is kept with the set for whoever reads a score: see [Dataset].
func Remark(text string) Option { return func(s *settings) { s.remarks = append(s.remarks, text) } }
