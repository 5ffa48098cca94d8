//go:build !purego

#include "textflag.h"

// The kernels of kernel.go for 512 rows at a time, with AVX-512, which adds
// three bits in two instructions.
//
// SI group   DX next offset   DI counter   R11 its blocks
// Z0-Z8 bits of the count   Z9-Z14 scratch

// acc, carry = acc + b + c.
#define ADD3(acc, b, c, carry) \
	VMOVDQA64  acc, carry         \
	VPTERNLOGQ $0xE8, b, c, carry \
	VPTERNLOGQ $0x96, b, c, acc

// acc, carry = acc + carry, with t as scratch.
#define ADD2(acc, carry, t) \
	VPANDQ acc, carry, t   \
	VPXORQ acc, carry, acc \
	VMOVDQA64 t, carry

// acc, carry = acc + two planes. The same planes of the next two groups are
// asked for: once is not enough, since the processor drops some of the asking.
#define PLANES(o, acc, carry) \
	MOVL    o(DX), R8           \
	MOVL    (o+4)(DX), R9       \
	VMOVDQU64 (SI)(R8*1), Z9      \
	VMOVDQU64 (SI)(R9*1), Z10     \
	PREFETCHT1 16384(SI)(R8*1)  \
	PREFETCHT1 32768(SI)(R8*1)  \
	PREFETCHT1 16384(SI)(R9*1)  \
	PREFETCHT1 32768(SI)(R9*1)  \
	ADD3(acc, Z9, Z10, carry)

#define BEGIN \
	VPBROADCASTQ 0(DI), Z0  \
	VPBROADCASTQ 8(DI), Z1  \
	VPBROADCASTQ 16(DI), Z2 \
	VPBROADCASTQ 24(DI), Z3 \
	VPBROADCASTQ 32(DI), Z4 \
	VPBROADCASTQ 40(DI), Z5 \
	VPBROADCASTQ 48(DI), Z6 \
	VPBROADCASTQ 56(DI), Z7 \
	LEAQ 72(DI), R11

#define NEGATE \
	VPTERNLOGQ $0xFF, Z14, Z14, Z14 \
	VPXORQ Z14, Z0, Z0 \
	VPXORQ Z14, Z1, Z1 \
	VPXORQ Z14, Z2, Z2 \
	VPXORQ Z14, Z3, Z3 \
	VPXORQ Z14, Z4, Z4 \
	VPXORQ Z14, Z5, Z5 \
	VPXORQ Z14, Z6, Z6 \
	VPXORQ Z14, Z7, Z7

#define BLOCK8 \
	PLANES(0, Z0, Z11)       \
	PLANES(8, Z0, Z12)       \
	ADD3(Z1, Z11, Z12, Z13)  \
	PLANES(16, Z0, Z11)      \
	PLANES(24, Z0, Z12)      \
	ADD3(Z1, Z11, Z12, Z14)  \
	ADD3(Z2, Z13, Z14, Z11)  \
	ADDQ $32, DX             \
	ADD2(Z3, Z11, Z12)       \
	ADD2(Z4, Z11, Z12)       \
	ADD2(Z5, Z11, Z12)       \
	ADD2(Z6, Z11, Z12)

#define BLOCK4 \
	PLANES(0, Z0, Z11)       \
	PLANES(8, Z0, Z12)       \
	ADD3(Z1, Z11, Z12, Z13)  \
	ADDQ $16, DX             \
	ADD2(Z2, Z13, Z12)       \
	ADD2(Z3, Z13, Z12)       \
	ADD2(Z4, Z13, Z12)       \
	ADD2(Z5, Z13, Z12)       \
	ADD2(Z6, Z13, Z12)

#define BLOCK1 \
	MOVL (DX), R8            \
	VMOVDQU64 (SI)(R8*1), Z11  \
	ADDQ $4, DX              \
	ADD2(Z0, Z11, Z12)       \
	ADD2(Z1, Z11, Z12)       \
	ADD2(Z2, Z11, Z12)       \
	ADD2(Z3, Z11, Z12)       \
	ADD2(Z4, Z11, Z12)       \
	ADD2(Z5, Z11, Z12)       \
	ADD2(Z6, Z11, Z12)

// Bit i of the numbers at x and y becomes that of x+y and x-y; Z8 is the
// carry, Z9 the borrow.
#define SUMBIT(i, x, y) \
	VMOVDQA64  (x+64*i)(R12), Z0 \
	VMOVDQA64  (y+64*i)(R12), Z1 \
	VMOVDQA64  Z8, Z2             \
	VMOVDQA64  Z9, Z3             \
	VPTERNLOGQ $0x96, Z1, Z0, Z2  \
	VPTERNLOGQ $0x96, Z1, Z0, Z3  \
	VPTERNLOGQ $0xE8, Z1, Z0, Z8  \
	VPTERNLOGQ $0xB2, Z1, Z0, Z9  \
	VMOVDQA64  Z2, (x+64*i)(R12) \
	VMOVDQA64  Z3, (y+64*i)(R12)

#define SUMS(x, y) \
	VPXORQ Z8, Z8, Z8 \
	VPXORQ Z9, Z9, Z9 \
	SUMBIT(0, x, y) \
	SUMBIT(1, x, y) \
	SUMBIT(2, x, y) \
	SUMBIT(3, x, y) \
	SUMBIT(4, x, y) \
	SUMBIT(5, x, y) \
	SUMBIT(6, x, y) \
	SUMBIT(7, x, y)

// Z1 is the borrow of x - |y|, Z0 the sign of y.
#define LESSBIT(i, x, y) \
	VMOVDQA64  (x+64*i)(R12), Z3    \
	VPXORQ     (y+64*i)(R12), Z0, Z2 \
	VPTERNLOGQ $0xB2, Z2, Z3, Z1

// Z10 takes the rows where x < |y|.
#define LESS(x, y) \
	VMOVDQA64 (y+448)(R12), Z0 \
	VMOVDQA64 Z0, Z1           \
	LESSBIT(0, x, y) \
	LESSBIT(1, x, y) \
	LESSBIT(2, x, y) \
	LESSBIT(3, x, y) \
	LESSBIT(4, x, y) \
	LESSBIT(5, x, y) \
	LESSBIT(6, x, y) \
	VPORQ (x+448)(R12), Z1, Z1 \
	VPORQ Z1, Z10, Z10

// func eightAVX512(planes *group, t *[8]counter, offsets *uint32, near *[8]uint64)
TEXT ·eightAVX512(SB), 0, $4160-32
	MOVQ planes+0(FP), SI
	MOVQ near+24(FP), AX

	MOVQ t+8(FP), DI
	MOVQ offsets+16(FP), DX
	LEAQ scratch-4160+63(SP), R12
	ANDQ $~63, R12
	MOVQ R12, R10
	MOVQ $8, R13

counter:
	BEGIN
	XORL R9, R9
	MOVL $2, R14

list:
	MOVQ 0(R11), CX
	TESTQ CX, CX
	JZ four

eights:
	BLOCK8
	VPXORQ Z7, Z11, Z7
	DECQ CX
	JNZ eights

four:
	CMPQ 8(R11), $0
	JEQ ones
	BLOCK4
	VPXORQ Z7, Z13, Z7

ones:
	MOVQ 16(R11), CX
	TESTQ CX, CX
	JZ listed

one:
	BLOCK1
	VPXORQ Z7, Z11, Z7
	DECQ CX
	JNZ one

listed:
	DECL R14
	JZ counted
	NEGATE
	ADDQ $24, R11
	JMP list

counted:
	VMOVDQA64 Z0, 0(R10)
	VMOVDQA64 Z1, 64(R10)
	VMOVDQA64 Z2, 128(R10)
	VMOVDQA64 Z3, 192(R10)
	VMOVDQA64 Z4, 256(R10)
	VMOVDQA64 Z5, 320(R10)
	VMOVDQA64 Z6, 384(R10)
	VMOVDQA64 Z7, 448(R10)
	ADDQ $512, R10
	ADDQ $120, DI
	DECQ R13
	JNZ counter

	// Class k lies at 1024 k: its distance from the first base, and 512 further
	// on from the second.
	SUMS(0, 512)
	SUMS(1024, 1536)
	SUMS(2048, 2560)
	SUMS(3072, 3584)

	SUMS(3072, 1024)
	SUMS(0, 2048)
	SUMS(3584, 1536)
	SUMS(512, 2560)
	VPXORQ Z10, Z10, Z10
	LESS(3072, 0)
	LESS(1024, 2048)
	LESS(3584, 512)
	LESS(1536, 2560)
	VMOVDQU64 Z10, (AX)
	VZEROUPPER
	RET

// func oneAVX512(planes *group, t *counter, offsets *uint32, near *[8]uint64)
TEXT ·oneAVX512(SB), NOSPLIT, $0-32
	MOVQ planes+0(FP), SI
	MOVQ t+8(FP), DI
	MOVQ near+24(FP), AX

	MOVQ offsets+16(FP), DX
	BEGIN
	VPBROADCASTQ 64(DI), Z8
	MOVL $2, R14

list:
	MOVQ 0(R11), CX
	TESTQ CX, CX
	JZ four

eights:
	BLOCK8
	ADD2(Z7, Z11, Z12)
	VPXORQ Z8, Z11, Z8
	DECQ CX
	JNZ eights

four:
	CMPQ 8(R11), $0
	JEQ ones
	BLOCK4
	ADD2(Z7, Z13, Z12)
	VPXORQ Z8, Z13, Z8

ones:
	MOVQ 16(R11), CX
	TESTQ CX, CX
	JZ listed

one:
	BLOCK1
	ADD2(Z7, Z11, Z12)
	VPXORQ Z8, Z11, Z8
	DECQ CX
	JNZ one

listed:
	DECL R14
	JZ counted
	NEGATE
	VPXORQ Z14, Z8, Z8
	ADDQ $24, R11
	JMP list

counted:
	VPTERNLOGQ $0xFF, Z15, Z15, Z15
	VPXORQ Z15, Z8, Z8
	VMOVDQU64 Z8, (AX)
	VZEROUPPER
	RET
