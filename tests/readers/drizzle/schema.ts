import { relations, sql } from "drizzle-orm";
import { pgTable, pgEnum, pgSchema, serial, integer, text, varchar, boolean, numeric, timestamp, uuid, jsonb, primaryKey, uniqueIndex, unique, index, check, foreignKey, type AnyPgColumn } from "drizzle-orm/pg-core";

export const stateEnum = pgEnum("state", ["open", "paid", "void"]);
const timestamps = {
  createdAt: timestamp("created_at", { withTimezone: true }).defaultNow().notNull(),
  updatedAt: timestamp("updated_at").$onUpdate(() => new Date()),
};

export const members = pgTable("members", {
  id: serial("id").primaryKey(),
  email: varchar("email", { length: 120 }).notNull().unique(),
  tier: text("tier", { enum: ["free", "plus"] }).default("plus").notNull(),
  invitedBy: integer("invited_by").references((): AnyPgColumn => members.id),
  tags: text("tags").array().notNull(),
  settings: jsonb().$type<{ dark: boolean }>(),
  ...timestamps,
});

export const invoices = pgTable("invoices", (t) => ({
  number: t.uuid("number").defaultRandom().primaryKey(),
  memberId: t.integer("member_id").notNull().references(() => members.id, { onDelete: "cascade" }),
  state: stateEnum("state").notNull(),
  net: t.numeric("net", { precision: 10, scale: 2 }).notNull(),
  year: t.integer("year").notNull(),
  slot: t.integer("slot").notNull(),
  main: t.boolean("main").default(false).notNull(),
  shape: mystery("shape"),
}), (table) => [
  unique("once").on(table.year, table.slot),
  uniqueIndex("one_main").on(table.memberId).where(sql`${table.main}`),
  check("net_check", sql`${table.net} > 0 AND ${table.net} < 5000`),
  index("by_year").on(table.year),
]);

const billing = pgSchema("billing");
export const lines = billing.table("lines", {
  invoice: uuid("invoice").notNull(),
  position: integer("position").notNull(),
  memberRef: integer("member_ref"),
  title: text("title").notNull(),
}, (t) => ({
  pk: primaryKey({ columns: [t.invoice, t.position] }),
  toInvoice: foreignKey({ columns: [t.invoice], foreignColumns: [invoices.number] }),
}));

export const lineRelations = relations(lines, ({ one }) => ({
  member: one(members, { fields: [lines.memberRef], references: [members.id] }),
}));
