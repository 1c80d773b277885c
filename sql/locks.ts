/** Advisory-lock numbers; append only, since two releases may run side by side. */
export const LOCKS = {
  migrate: 0x6d_69_67_72,
  home: 0x68_6f_6d_65,
} as const
