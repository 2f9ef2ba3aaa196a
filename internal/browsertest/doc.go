// SPDX-License-Identifier: Apache-2.0

// Package browsertest holds one test, which checks every notebook as a reader sees it.
//
// A cell may end without an error while the screen is wrong: a figure may be an element
// without pixels, a script may wait for another host, and the output of a trusted notebook
// may be missing when somebody else opens it. So the test starts JupyterLab with the
// kernel "Go (Trio-ViT)", and Chromium, and
//
//   - opens each notebook, runs all cells from the menu, and saves it;
//   - opens it once more in a JupyterLab that does not trust it, like that of a reader who
//     was sent the file;
//   - exports it, and opens the page with and without JavaScript.
//
// Each time the test checks the kernel's name, the pixels of every figure, and requests to
// other hosts. scripts/browser.mjs drives the browser and reports its observations; this
// package decides which are right. Screenshots stay in build/browser.
//
// Cells keep their results in the cache of the checkout, so that make notebooks
// afterwards computes nothing anew.
package browsertest
