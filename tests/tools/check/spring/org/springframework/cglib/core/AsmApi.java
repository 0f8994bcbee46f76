package org.springframework.cglib.core;

final class AsmApi {
    static int value() {
        return org.springframework.asm.Opcodes.ASM6;
    }
}
