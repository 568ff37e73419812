CREATE TABLE tenants (id int PRIMARY KEY);
CREATE TABLE customers (tenant_id int NOT NULL REFERENCES tenants, id int NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE orders (tenant_id int NOT NULL, id int NOT NULL, customer_id int NOT NULL, number int NOT NULL, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id));
CREATE TABLE products (tenant_id int NOT NULL REFERENCES tenants, id int NOT NULL, sku varchar(10) NOT NULL, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, sku));
CREATE TABLE lines (tenant_id int NOT NULL, order_id int NOT NULL, line_no int NOT NULL, product_id int NOT NULL, PRIMARY KEY (tenant_id, order_id, line_no),
  UNIQUE (tenant_id, order_id, product_id),
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id), FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id));
