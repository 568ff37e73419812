CREATE TABLE public.d1 (
    id integer NOT NULL,
    status character varying(20) DEFAULT 'a'::character varying NOT NULL,
    status2 text NOT NULL,
    n integer,
    amount numeric(12,2) DEFAULT 0.00 NOT NULL,
    start_at timestamp without time zone NOT NULL,
    end_at timestamp without time zone,
    country character(2),
    zip character varying(10),
    y integer, x double precision NOT NULL, t text,
    CONSTRAINT d1_status_check CHECK (((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying, 'c'::character varying])::text[]))),
    CONSTRAINT d1_status2_check CHECK ((status2 = ANY (ARRAY['x'::text, 'y'::text]))),
    CONSTRAINT d1_n_check CHECK (((n >= 1) AND (n <= 10))),
    CONSTRAINT d1_amount_check CHECK ((amount >= (0)::numeric)),
    CONSTRAINT d1_dates CHECK (((end_at IS NULL) OR (end_at > start_at))),
    CONSTRAINT d1_country CHECK ((country ~ '^[A-Z]{2}$'::text)),
    CONSTRAINT d1_zip CHECK (((zip)::text ~ similar_to_escape('[0-9]{5}'::text))),
    CONSTRAINT d1_y CHECK (((y)::double precision <= date_part('year'::text, now()))),
    CONSTRAINT d1_x CHECK (((x > (0)::double precision) AND (x < ('1000'::numeric)::double precision))),
    CONSTRAINT d1_t CHECK (((t)::text ~~ 'A%'::text)),
    CONSTRAINT d1_t2 CHECK ((length(t) <= 12)),
    CONSTRAINT d1_neg CHECK ((n <> ALL (ARRAY[5, 6])))
);
ALTER TABLE ONLY public.d1 ADD CONSTRAINT d1_pkey PRIMARY KEY (id);
CREATE SEQUENCE public.d1_id_seq AS integer START WITH 1;
ALTER SEQUENCE public.d1_id_seq OWNED BY public.d1.id;
ALTER TABLE ONLY public.d1 ALTER COLUMN id SET DEFAULT nextval('public.d1_id_seq'::regclass);
CREATE UNIQUE INDEX d1_u ON public.d1 USING btree (lower((t)::text)) WHERE (end_at IS NULL);
