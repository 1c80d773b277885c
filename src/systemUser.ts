/**
 * Owner of every unclaimed prebuild, as `daybreak.system_user_id()`; the id is the one that clients of the wire format
 * know.
 */
export const SYSTEM_USER_ID = 'c42fdf75-3097-471c-8c33-fb52454d81c0'
