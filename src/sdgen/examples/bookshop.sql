-- A schema as an application has it: keys, a unique set, and checks, all of which the rows keep.
CREATE TABLE authors (
    id integer PRIMARY KEY,
    full_name varchar(80) NOT NULL,
    country varchar(60),
    born_on date
);
CREATE TABLE books (
    id integer PRIMARY KEY,
    author_id integer NOT NULL REFERENCES authors (id),
    title varchar(120) NOT NULL,
    isbn char(13) NOT NULL UNIQUE,
    price decimal(6, 2) NOT NULL CHECK (price > 0 AND price < 200),
    published_on date
);
CREATE TABLE customers (
    id integer PRIMARY KEY,
    full_name varchar(80) NOT NULL,
    email varchar(120) NOT NULL UNIQUE,
    created_at timestamp NOT NULL
);
CREATE TABLE reviews (
    book_id integer NOT NULL REFERENCES books (id),
    customer_id integer NOT NULL REFERENCES customers (id),
    stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    comment text,
    created_at timestamp NOT NULL,
    PRIMARY KEY (book_id, customer_id)
);
