//go:build !purego

#include "textflag.h"

// The kernels of kernel.go for 256 rows at a time, with AVX2.
//
// SI group, or its upper 256 rows   DX next offset   DI counter   R11 its blocks
// Y0-Y8 bits of the count           Y9-Y15 scratch

// acc, carry = acc + b + c; b and c are kept.
#define ADD3(acc, b, c, carry) \
	VPXOR acc, b, Y15       \
	VPAND acc, b, carry     \
	VPXOR Y15, c, acc       \
	VPAND Y15, c, Y15       \
	VPOR  Y15, carry, carry

// acc, carry = acc + carry, with t as scratch.
#define ADD2(acc, carry, t) \
	VPAND  acc, carry, t   \
	VPXOR  acc, carry, acc \
	VMOVDQA t, carry

// acc, carry = acc + two planes. The same planes of the group after the next
// are asked for, by either half of the rows.
#define PLANES(o, acc, carry) \
	MOVL    o(DX), R8           \
	MOVL    (o+4)(DX), R9       \
	VMOVDQU (SI)(R8*1), Y9      \
	VMOVDQU (SI)(R9*1), Y10     \
	PREFETCHT1 32768(SI)(R8*1)  \
	PREFETCHT1 32768(SI)(R9*1)  \
	ADD3(acc, Y9, Y10, carry)

#define BEGIN \
	VPBROADCASTQ 0(DI), Y0  \
	VPBROADCASTQ 8(DI), Y1  \
	VPBROADCASTQ 16(DI), Y2 \
	VPBROADCASTQ 24(DI), Y3 \
	VPBROADCASTQ 32(DI), Y4 \
	VPBROADCASTQ 40(DI), Y5 \
	VPBROADCASTQ 48(DI), Y6 \
	VPBROADCASTQ 56(DI), Y7 \
	LEAQ 72(DI), R11

#define NEGATE \
	VPCMPEQD Y15, Y15, Y15 \
	VPXOR Y15, Y0, Y0      \
	VPXOR Y15, Y1, Y1      \
	VPXOR Y15, Y2, Y2      \
	VPXOR Y15, Y3, Y3      \
	VPXOR Y15, Y4, Y4      \
	VPXOR Y15, Y5, Y5      \
	VPXOR Y15, Y6, Y6      \
	VPXOR Y15, Y7, Y7

#define BLOCK8 \
	PLANES(0, Y0, Y11)       \
	PLANES(8, Y0, Y12)       \
	ADD3(Y1, Y11, Y12, Y13)  \
	PLANES(16, Y0, Y11)      \
	PLANES(24, Y0, Y12)      \
	ADD3(Y1, Y11, Y12, Y14)  \
	ADD3(Y2, Y13, Y14, Y11)  \
	ADDQ $32, DX             \
	ADD2(Y3, Y11, Y12)       \
	ADD2(Y4, Y11, Y12)       \
	ADD2(Y5, Y11, Y12)       \
	ADD2(Y6, Y11, Y12)

#define BLOCK4 \
	PLANES(0, Y0, Y11)       \
	PLANES(8, Y0, Y12)       \
	ADD3(Y1, Y11, Y12, Y13)  \
	ADDQ $16, DX             \
	ADD2(Y2, Y13, Y12)       \
	ADD2(Y3, Y13, Y12)       \
	ADD2(Y4, Y13, Y12)       \
	ADD2(Y5, Y13, Y12)       \
	ADD2(Y6, Y13, Y12)

#define BLOCK1 \
	MOVL (DX), R8            \
	VMOVDQU (SI)(R8*1), Y11  \
	ADDQ $4, DX              \
	ADD2(Y0, Y11, Y12)       \
	ADD2(Y1, Y11, Y12)       \
	ADD2(Y2, Y11, Y12)       \
	ADD2(Y3, Y11, Y12)       \
	ADD2(Y4, Y11, Y12)       \
	ADD2(Y5, Y11, Y12)       \
	ADD2(Y6, Y11, Y12)

// Bit i of the numbers at x and y becomes that of x+y and x-y; Y8 is the
// carry, Y9 the borrow.
#define SUMBIT(i, x, y) \
	VMOVDQA (x+32*i)(R12), Y0 \
	VMOVDQA (y+32*i)(R12), Y1 \
	VPXOR  Y0, Y1, Y2         \
	VPAND  Y0, Y1, Y3         \
	VPANDN Y1, Y0, Y4         \
	VPXOR  Y2, Y8, Y5         \
	VPXOR  Y2, Y9, Y6         \
	VMOVDQA Y5, (x+32*i)(R12) \
	VMOVDQA Y6, (y+32*i)(R12) \
	VPAND  Y2, Y8, Y5         \
	VPANDN Y9, Y2, Y6         \
	VPOR   Y5, Y3, Y8         \
	VPOR   Y6, Y4, Y9

#define SUMS(x, y) \
	VPXOR Y8, Y8, Y8 \
	VPXOR Y9, Y9, Y9 \
	SUMBIT(0, x, y)  \
	SUMBIT(1, x, y)  \
	SUMBIT(2, x, y)  \
	SUMBIT(3, x, y)  \
	SUMBIT(4, x, y)  \
	SUMBIT(5, x, y)  \
	SUMBIT(6, x, y)  \
	SUMBIT(7, x, y)

// Y1 is the borrow of x - |y|, Y0 the sign of y.
#define LESSBIT(i, x, y) \
	VMOVDQA (x+32*i)(R12), Y3     \
	VPXOR  (y+32*i)(R12), Y0, Y2  \
	VPXOR  Y2, Y3, Y4             \
	VPANDN Y2, Y3, Y5             \
	VPANDN Y1, Y4, Y4             \
	VPOR   Y4, Y5, Y1

// Y10 takes the rows where x < |y|.
#define LESS(x, y) \
	VMOVDQA (y+224)(R12), Y0 \
	VMOVDQA Y0, Y1           \
	LESSBIT(0, x, y)         \
	LESSBIT(1, x, y)         \
	LESSBIT(2, x, y)         \
	LESSBIT(3, x, y)         \
	LESSBIT(4, x, y)         \
	LESSBIT(5, x, y)         \
	LESSBIT(6, x, y)         \
	VPOR (x+224)(R12), Y1, Y1 \
	VPOR Y1, Y10, Y10

// func eightAVX2(planes *group, t *[8]counter, offsets *uint32, near *[8]uint64)
TEXT ·eightAVX2(SB), 0, $2112-32
	MOVQ planes+0(FP), SI
	MOVQ near+24(FP), AX
	LEAQ 32(SI), BX       // the upper half

half:
	MOVQ t+8(FP), DI
	MOVQ offsets+16(FP), DX
	LEAQ scratch-2112+31(SP), R12
	ANDQ $~31, R12
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
	VPXOR Y7, Y11, Y7
	DECQ CX
	JNZ eights

four:
	CMPQ 8(R11), $0
	JEQ ones
	BLOCK4
	VPXOR Y7, Y13, Y7

ones:
	MOVQ 16(R11), CX
	TESTQ CX, CX
	JZ listed

one:
	BLOCK1
	VPXOR Y7, Y11, Y7
	DECQ CX
	JNZ one

listed:
	DECL R14
	JZ counted
	NEGATE
	ADDQ $24, R11
	JMP list

counted:
	VMOVDQA Y0, 0(R10)
	VMOVDQA Y1, 32(R10)
	VMOVDQA Y2, 64(R10)
	VMOVDQA Y3, 96(R10)
	VMOVDQA Y4, 128(R10)
	VMOVDQA Y5, 160(R10)
	VMOVDQA Y6, 192(R10)
	VMOVDQA Y7, 224(R10)
	ADDQ $256, R10
	ADDQ $120, DI
	DECQ R13
	JNZ counter

	// Class k lies at 512 k: its distance from the first base, and 256 further
	// on from the second.
	SUMS(0, 256)
	SUMS(512, 768)
	SUMS(1024, 1280)
	SUMS(1536, 1792)

	SUMS(1536, 512)
	SUMS(0, 1024)
	SUMS(1792, 768)
	SUMS(256, 1280)
	VPXOR Y10, Y10, Y10
	LESS(1536, 0)
	LESS(512, 1024)
	LESS(1792, 256)
	LESS(768, 1280)
	VMOVDQU Y10, (AX)
	ADDQ $32, AX
	CMPQ SI, BX
	MOVQ BX, SI
	JNE half
	VZEROUPPER
	RET

// func oneAVX2(planes *group, t *counter, offsets *uint32, near *[8]uint64)
TEXT ·oneAVX2(SB), NOSPLIT, $0-32
	MOVQ planes+0(FP), SI
	MOVQ t+8(FP), DI
	MOVQ near+24(FP), AX
	LEAQ 32(SI), BX

half:
	MOVQ offsets+16(FP), DX
	BEGIN
	VPBROADCASTQ 64(DI), Y8
	MOVL $2, R14

list:
	MOVQ 0(R11), CX
	TESTQ CX, CX
	JZ four

eights:
	BLOCK8
	ADD2(Y7, Y11, Y12)
	VPXOR Y8, Y11, Y8
	DECQ CX
	JNZ eights

four:
	CMPQ 8(R11), $0
	JEQ ones
	BLOCK4
	ADD2(Y7, Y13, Y12)
	VPXOR Y8, Y13, Y8

ones:
	MOVQ 16(R11), CX
	TESTQ CX, CX
	JZ listed

one:
	BLOCK1
	ADD2(Y7, Y11, Y12)
	VPXOR Y8, Y11, Y8
	DECQ CX
	JNZ one

listed:
	DECL R14
	JZ counted
	NEGATE
	VPXOR Y15, Y8, Y8
	ADDQ $24, R11
	JMP list

counted:
	VPCMPEQD Y15, Y15, Y15
	VPXOR Y15, Y8, Y8
	VMOVDQU Y8, (AX)
	ADDQ $32, AX
	CMPQ SI, BX
	MOVQ BX, SI
	JNE half
	VZEROUPPER
	RET
