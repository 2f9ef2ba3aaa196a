// SPDX-License-Identifier: Apache-2.0

// Package browsertest holds one test, which checks every notebook as a reader sees it.
//
// A cell may end without an error although its output is wrong. A figure may be an
// element without pixels, a script may wait for another host, and the output of a
// trusted notebook may be missing when another user opens it. The test therefore starts
// Chromium and JupyterLab with the kernel "Go (Trio-ViT)". Then it
//
//   - opens each notebook, runs all cells from the menu, and saves it;
//   - opens it once more in a JupyterLab that does not trust it, like that of a reader who
//     was sent the file;
//   - exports it, and opens the page with and without JavaScript.
//
// Each time the test checks the kernel's name, the pixels of every figure, and the
// requests to other hosts. scripts/browser.mjs drives the browser and reports its
// observations. This package decides which observations are right. Screenshots are
// stored in build/browser.
//
// Cells store their results in the cache of the checkout, so make notebooks computes
// nothing again afterwards.
package browsertest
