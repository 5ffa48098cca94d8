package inspect

import "context"

// Occupy takes all cores of the room, as visits do, until release is called.
func (r *Room) Occupy(ctx context.Context) (release func()) {
	n := int64(max(r.o.Cores, 1))
	if err := r.cores.Acquire(ctx, n); err != nil {
		panic(err)
	}
	return func() { r.cores.Release(n) }
}
