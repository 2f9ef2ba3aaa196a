// SPDX-License-Identifier: Apache-2.0

// Package browsertest holds one test: every notebook, as a reader sees it.
//
// That a cell ends without an error says nothing of what is on the screen: a
// figure may be an element without pixels, a script may wait for another host,
// and what a trusted notebook shows may be gone when somebody else opens it. So
// the test starts JupyterLab with the kernel "Go (Trio-ViT)", and Chromium, and
//
//   - opens each notebook, runs all cells from the menu, and saves it;
//   - opens it once more in a JupyterLab that does not trust it, as that of
//     somebody who was sent the file;
//   - exports it, and opens the page with and without JavaScript.
//
// Each time the kernel's name, the pixels of every figure, and requests to other
// hosts are looked at. scripts/browser.mjs drives the browser and reports what it
// saw; what is right is decided here. Screenshots stay in build/browser.
//
// Cells keep their results in the cache of the checkout, so that make notebooks
// afterwards computes nothing anew.
package browsertest
