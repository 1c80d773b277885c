/** Advisory-lock numbers; append only, since two releases may run side by side. */
export const LOCKS = {
  migrate: 0x6d_69_67_72,
} as const
