// SPDX-License-Identifier: Apache-2.0

package dataset

// An Option changes how a set is read from a folder.
type Option func(*settings)

type settings struct {
	words, beside, unlike string
	order                 *Order // nil if the option is not given
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

// Words names a file with the classes of a classification, one per line in the order of
// their indices. A line has the name of the class folder, white space, and the words
// for the class, or only the name. With such a list, a folder may have only some of the
// classes. The text is UTF-8, or UTF-16 with a byte order mark.
//
// ImageNet's own lists (LOC_synset_mapping.txt, synset_words.txt) have this form. A
// list of 1,000 WordNet ids must be sorted, because all published checkpoints number
// the classes in sorted order. The development kit's map_clsloc.txt has another order
// and a number in each line. It is sorted when it is read.
func Words(path string) Option { return func(s *settings) { s.words = path } }

// Ordered numbers the classes of a classification in an order. It also applies to the
// classes in a list of [Words], but a list that lacks one of the folders is then
// ignored. Without Ordered and without a list, the classes are numbered in [TextOrder].
func Ordered(o Order) Option { return func(s *settings) { s.order = &o } }

// Beside names the folder of another split of a classification. The set gets the
// classes of both splits. It is an error if each split has a class that the other
// lacks. With [Words] the option has no effect.
func Beside(dir string) Option { return func(s *settings) { s.beside = dir } }

// Unlike names a file with the classes of a classification in another order that is in
// use, such as Tiny ImageNet's wnids.txt. If that order differs from the one that the
// set uses, a remark says so. With [Words] the option has no effect.
func Unlike(path string) Option { return func(s *settings) { s.unlike = path } }

// AtMost opens n of the pictures, spread evenly over the list, or all if there are
// fewer. It gives a set for calibration without reading and hashing every file of a
// split. With n below 1 the option has no effect.
func AtMost(n int) Option { return func(s *settings) { s.most = n } }

// Remark adds a text to the set's remarks, for the reader of a score. See [Dataset].
func Remark(text string) Option { return func(s *settings) { s.remarks = append(s.remarks, text) } }
