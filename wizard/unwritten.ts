/** How a text begins that `create` has put where somebody still has to write one. */
export const UNWRITTEN = "REPLACE THIS";
