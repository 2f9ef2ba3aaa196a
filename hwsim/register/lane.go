// SPDX-License-Identifier: Apache-2.0

package register

// A lane sums products of input channels to one output of one channel, over several
// cycles. Both engines have such lanes; R-MAC's also have a depthwise mode.
type lane interface {
	// begin sets the accumulator to a sum's bias, before its first products.
	begin(bias int32)
	// dot adds the products of one cycle, at most as many as the lane has MACs,
	// to the lane's accumulator.
	dot(p Products)
	// sum returns the accumulator.
	sum() int32
	// made returns the products of this cycle, one for each enabled MAC, and forgets them.
	made() Products
}

// Products are the factors that a lane multiplies in one cycle.
type Products struct {
	// X are the inputs and W the weights of the enabled MACs, the first MAC's first. Both
	// are empty where the lane is idle.
	X, W []int32
	// Pixel is the output to which the products are added, counted row by row. Channel is
	// its channel; in the depthwise mode, the first MAC's. For a matrix product they are
	// the row and the column.
	Pixel, Channel int
	// Depthwise reports R-MAC's depthwise mode: each MAC adds to a register of its own.
	Depthwise bool
}

// gate holds the products of the MACs that are enabled in a cycle.
type gate struct{ now Products }

func (g *gate) made() Products {
	p := g.now
	g.now = Products{}
	return p
}

// A matLane is a lane of MAT: multipliers, an adder tree, an accumulator.
type matLane struct {
	gate
	tree        []int32 // the nodes of the tree, whose leaves are the multipliers' results
	accumulator int32
}

func newMATLane(macs int) *matLane { return &matLane{tree: make([]int32, macs)} }

func (l *matLane) begin(bias int32) { l.accumulator = bias }

func (l *matLane) dot(p Products) {
	clear(l.tree)
	for i := range p.X {
		l.tree[i] = p.X[i] * p.W[i]
	}
	l.now = p
	// Each level adds the upper half to the lower half.
	for n := len(l.tree); n > 1; n = (n + 1) / 2 {
		for i := range n / 2 {
			l.tree[i] += l.tree[(n+1)/2+i]
		}
	}
	l.accumulator += l.tree[0]
}

func (l *matLane) sum() int32 { return l.accumulator }

// An rmacLane is a lane of R-MAC: a chain of MACs with one register each.
type rmacLane struct {
	gate
	registers []int32
}

func newRMACLane(macs int) *rmacLane { return &rmacLane{registers: make([]int32, macs)} }

// last returns the register that keeps the sum of the pointwise mode.
func (l *rmacLane) last() *int32 { return &l.registers[len(l.registers)-1] }

func (l *rmacLane) begin(bias int32) { *l.last() = bias }

// dot is the pointwise mode, down-forward accumulation: each MAC adds its product to the
// sum from the MAC above and hands it on. The last one keeps the sum.
func (l *rmacLane) dot(p Products) {
	kept := *l.last()
	var down int32
	for i := range l.registers {
		if i < len(p.X) {
			down += p.X[i] * p.W[i]
		}
		l.registers[i] = down
	}
	*l.last() += kept
	l.now = p
}

func (l *rmacLane) sum() int32 { return *l.last() }

// load sets the registers to the biases of channels, before their first products in the
// depthwise mode.
func (l *rmacLane) load(biases []int32) {
	clear(l.registers)
	copy(l.registers, biases)
}

// accumulate is the depthwise mode, self-accumulation: each MAC has a channel of its own,
// and adds its product to its own register.
func (l *rmacLane) accumulate(p Products) {
	for i := range p.X {
		l.registers[i] += p.X[i] * p.W[i]
	}
	l.now = p
}
