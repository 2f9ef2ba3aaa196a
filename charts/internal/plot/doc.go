// SPDX-License-Identifier: Apache-2.0

// Package plot has the parts of which figures are composed: panels with their axes and
// series, sketches of boxes and arrows, the colours and labels that a role has in every
// figure, the themes, and the words for numbers. Packages charts and charts/quant compose
// figures of these parts.
package plot
