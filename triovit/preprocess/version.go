// SPDX-License-Identifier: Apache-2.0

package preprocess

// Version changes when the same file and [Pipeline] would give other pixels, or
// the same pixels another normalization: results of a stage that looks at
// pictures are kept under it.
const Version = "preprocess 3"
